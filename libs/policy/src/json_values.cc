#include "json_values.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

namespace postrider {
namespace {

using nlohmann::json;
using Kind = JsonValue::Kind;

/// Of the texts that partners send.
constexpr std::size_t kUsualDepth = 8;

/// Follows the pointers while the parser goes through the text.
class Follower final : public nlohmann::json_sax<json> {
 public:
  explicit Follower(const std::vector<JsonSteps>& pointers)
      : pointers_(pointers), followed_(pointers.size(), 0), values_(pointers.size()) {
    levels_.reserve(kUsualDepth);
  }

  std::vector<JsonValue> TakeValues() { return std::move(values_); }

  bool null() override { return Value(Kind::kNull, ""); }
  bool boolean(bool value) override { return Value(Kind::kScalar, value ? "true" : "false"); }
  bool number_integer(json::number_integer_t value) override {
    return Value(Kind::kScalar, std::to_string(value));
  }
  bool number_unsigned(json::number_unsigned_t value) override {
    return Value(Kind::kScalar, std::to_string(value));
  }
  bool number_float(json::number_float_t, const std::string& text) override {
    return Value(Kind::kScalar, text);
  }
  bool string(std::string& text) override { return Value(Kind::kScalar, text); }
  bool binary(json::binary_t&) override { return false; }  // JSON has none

  bool start_object(std::size_t) override { return Open(false); }
  bool start_array(std::size_t) override { return Open(true); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    key_.swap(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  /// An object or array that has begun and not ended.
  struct Level {
    bool is_array = false;
    std::size_t next = 0;  ///< index of the next element
  };

  bool Open(bool is_array) {
    Value(Kind::kStructured, "");
    levels_.push_back({is_array, 0});
    return true;
  }

  bool Close() {
    levels_.pop_back();
    return true;
  }

  bool Value(Kind kind, std::string_view text) {
    const std::size_t depth = levels_.size();
    for (std::size_t i = 0; i < pointers_.size(); ++i) {
      const JsonSteps& steps = pointers_[i];
      if (depth > 0) {
        followed_[i] = std::min(followed_[i], depth - 1);
        if (followed_[i] + 1 != depth || depth > steps.size()) continue;
        if (!IsStep(steps[depth - 1])) continue;
        followed_[i] = depth;
        values_[i] = {};
      }
      if (depth == steps.size()) values_[i] = {kind, std::string(text)};
    }
    if (depth > 0) ++levels_.back().next;
    return true;
  }

  /// Whether the value that comes stands under that name or index.
  bool IsStep(const std::string& step) const {
    const Level& level = levels_.back();
    return level.is_array ? step == std::to_string(level.next) : step == key_;
  }

  const std::vector<JsonSteps>& pointers_;
  std::vector<Level> levels_;
  std::string key_;                    ///< the last name
  std::vector<std::size_t> followed_;  ///< how many steps of each pointer lead to where we are
  std::vector<JsonValue> values_;
};

}  // namespace

std::optional<std::vector<JsonValue>> ReadJsonValues(std::string_view text,
                                                     const std::vector<JsonSteps>& pointers) {
  Follower follower(pointers);
  if (!json::sax_parse(text.begin(), text.end(), &follower)) return std::nullopt;
  return follower.TakeValues();
}

}  // namespace postrider
