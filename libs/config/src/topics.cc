#include "topics.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace postrider {
namespace {

constexpr std::size_t kLongestTopic = 200;
constexpr std::string_view kPattern = "a topic, a prefix such as \"shipment.*\", or \"*\"";

}  // namespace

bool IsTopic(std::string_view text) {
  if (text.empty() || text.size() > kLongestTopic) return false;
  const auto is_alphanumeric = [](unsigned char letter) {
    return letter < 0x80 && std::isalnum(letter) != 0;
  };
  return is_alphanumeric(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), [&](unsigned char letter) {
           return is_alphanumeric(letter) ||
                  std::string_view("._:/-").find(static_cast<char>(letter)) !=
                      std::string_view::npos;
         });
}

bool IsTopicPattern(std::string_view text) {
  if (text == "*") return true;
  return IsTopic(text.ends_with(".*") ? text.substr(0, text.size() - 2) : text);
}

void TopicsKind::Read(const Value& value, std::vector<std::string>& out) const {
  if (!value.IsList()) return value.Expect(Allowed());
  std::vector<std::string> topics;
  for (const Value& item : value.Items()) {
    const auto text = item.Text(kPattern);
    if (!text) continue;
    if (!IsTopicPattern(*text)) {
      item.Expect(kPattern);
    } else if (std::find(topics.begin(), topics.end(), *text) != topics.end()) {
      item.Error("found " + Quoted(*text) + " a second time, allowed: once");
    } else {
      topics.push_back(*text);
    }
  }
  if (topics.empty() && value.Items().empty() && !may_be_empty) {
    return value.Error("found an empty list, allowed: " + Allowed());
  }
  out = std::move(topics);
}

std::optional<std::string> TopicsKind::Show(const std::vector<std::string>& topics) const {
  if (topics.empty() && !may_be_empty) return std::nullopt;
  std::vector<std::string> words;
  for (const auto& topic : topics) words.push_back(YamlText(topic));
  return "[" + Join(words) + "]";
}

std::string TopicsKind::Allowed() const {
  return std::string("a list of topics, such as [shipment.requested, \"order.*\"]") +
         (may_be_empty ? "" : ", at least one");
}

std::string TopicsKind::Schema() const {
  return R"({"type": "array", "uniqueItems": true, "minItems": )" +
         std::string(may_be_empty ? "0" : "1") + R"(, "items": {"$ref": "#/$defs/topic_pattern"}})";
}

TextKind TopicKind() {
  return {IsTopic, "a topic: 1 to 200 letters, digits and . _ : / -, a letter or digit first",
          "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$"};
}

}  // namespace postrider
