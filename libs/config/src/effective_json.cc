#include <algorithm>
#include <cctype>
#include <string>

#include "postrider/config/effective.h"
#include "report.h"
#include "yaml_reader.h"
#include "yaml_text.h"

namespace postrider {
namespace {

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// A number as JSON writes it, too: no sign but minus, no leading zero.
bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const auto all_digits = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), IsDigit);
  };
  if (!all_digits(whole) || (whole.size() > 1 && whole.front() == '0')) return false;
  return point == std::string_view::npos || all_digits(text.substr(point + 1));
}

std::string ScalarJson(const Node& node) {
  const bool word = node.text == "true" || node.text == "false" || IsNumber(node.text);
  return node.plain && word ? node.text : JsonText(node.text);
}

std::string NodeJson(const Node& node);

std::string ListJson(const Node& node) {
  std::string text;
  for (const NodeRef& item : node.items) text += (text.empty() ? "" : ",") + NodeJson(*item);
  return "[" + text + "]";
}

std::string MapJson(const Node& node) {
  std::string text;
  for (const NodeMember& member : node.members) {
    text += (text.empty() ? "" : ",") + JsonText(member.key) + ":" + NodeJson(*member.value);
  }
  return "{" + text + "}";
}

std::string NodeJson(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kScalar:
      return ScalarJson(node);
    case Node::Kind::kList:
      return ListJson(node);
    case Node::Kind::kMap:
      return MapJson(node);
  }
  return "null";
}

}  // namespace

std::string RenderEffectiveJson(const Settings& settings) {
  Report report("");
  return NodeJson(*ReadYaml(RenderEffective(settings), report));
}

}  // namespace postrider
