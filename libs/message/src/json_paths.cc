#include "json_paths.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace postrider {
namespace {

/// Follows the parser through the text and keeps, for each path, how many of its leading parts the
/// present place agrees with.
class PathFinder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit PathFinder(const std::vector<JsonPath>& paths)
      : paths_(paths), agreed_(paths.size(), 0), found_(paths.size()) {}

  std::vector<JsonFound> TakeFound() { return std::move(found_); }

  bool null() override { return Value({}); }
  bool boolean(bool value) override {
    return Value({JsonFound::Kind::kText, value ? "true" : "false"});
  }
  bool number_integer(number_integer_t value) override {
    return Value({JsonFound::Kind::kText, std::to_string(value)});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Value({JsonFound::Kind::kText, std::to_string(value)});
  }
  // Also called for integers that fit no machine word; `written` loses nothing.
  bool number_float(number_float_t, const string_t& written) override {
    return Value({JsonFound::Kind::kText, written});
  }
  bool string(string_t& value) override { return Value({JsonFound::Kind::kText, value}); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(kObject); }
  bool key(string_t& name) override {
    Enter(name);
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(0); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  static constexpr std::ptrdiff_t kObject = -1;

  /// The member or element that is entered is one step below the innermost container.
  void Enter(const std::string& part) {
    const std::size_t depth = containers_.size();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (agreed_[i] + 1 < depth) continue;
      const bool agrees = paths_[i].size() >= depth && paths_[i][depth - 1] == part;
      agreed_[i] = agrees ? depth : depth - 1;
    }
  }

  void EnterElement() {
    if (containers_.empty() || containers_.back() == kObject) return;
    Enter(std::to_string(containers_.back()++));
  }

  bool Value(const JsonFound& value) {
    EnterElement();
    Note(value);
    return true;
  }

  void Note(const JsonFound& value) {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (agreed_[i] == containers_.size() && paths_[i].size() == containers_.size()) {
        found_[i] = value;
      } else if (agreed_[i] == containers_.size()) {
        found_[i] = {};  // a later member of the same name hides what was found in an earlier one
      }
    }
  }

  bool Open(std::ptrdiff_t first) {
    EnterElement();
    Note({JsonFound::Kind::kContainer, {}});
    containers_.push_back(first);
    return true;
  }

  bool Close() {
    containers_.pop_back();
    for (std::size_t& agreed : agreed_) agreed = std::min(agreed, containers_.size());
    return true;
  }

  const std::vector<JsonPath>& paths_;
  std::vector<std::size_t> agreed_;
  std::vector<JsonFound> found_;
  std::vector<std::ptrdiff_t> containers_;  ///< kObject, or the number of the next element
};

}  // namespace

std::optional<std::vector<JsonFound>> FindInJson(const std::string& json,
                                                 const std::vector<JsonPath>& paths) {
  PathFinder finder(paths);
  if (!nlohmann::json::sax_parse(json, &finder)) return std::nullopt;
  return finder.TakeFound();
}

}  // namespace postrider
