#include "value.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "expand.h"
#include "nearest.h"

namespace postrider {
namespace {

constexpr std::size_t kLongestQuote = 80;

bool IsPlainKey(std::string_view key) {
  return !key.empty() && key.size() <= kLongestQuote &&
         std::all_of(key.begin(), key.end(), [](unsigned char letter) {
           return letter < 0x80 && (std::isalnum(letter) != 0 || letter == '_' || letter == '-');
         });
}

std::string PathOf(const std::string& parent, const std::string& key) {
  return parent + (parent.empty() ? "" : ".") + (IsPlainKey(key) ? key : Quoted(key));
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text.substr(0, kLongestQuote)) {
    const bool control = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    if (letter == '\n') {
      quoted += "\\n";
    } else if (control) {
      quoted += '?';
    } else {
      quoted += letter;
    }
  }
  return quoted + (text.size() > kLongestQuote ? "..." : "") + '"';
}

Value::Value(NodeRef node, Place key_place, std::string path, std::string key, Reading& reading)
    : node_(std::move(node)),
      key_place_(key_place),
      place_(IsNull() ? key_place : node_->place),
      path_(std::move(path)),
      key_(std::move(key)),
      reading_(&reading) {}

Value Value::Root(NodeRef node, Reading& reading) {
  const Place place = node->place.line == 0 ? Place{1, 1} : node->place;
  return {std::move(node), place, "", "", reading};
}

std::optional<std::string> Value::Text(std::string_view allowed) const {
  if (!IsScalar()) {
    Expect(allowed);
    return std::nullopt;
  }
  Expanded expanded = Expand(node_->text, reading_->environment);
  for (auto& fault : expanded.faults) Error(std::move(fault));
  if (!expanded.faults.empty()) return std::nullopt;
  return std::move(expanded.text);
}

std::vector<Value> Value::Items() const {
  std::vector<Value> items;
  for (std::size_t at = 0; at < node_->items.size(); ++at) {
    const NodeRef& item = node_->items[at];
    const std::string index = "[" + std::to_string(at) + "]";
    items.emplace_back(item, item->place, path_ + index, key_ + index, *reading_);
  }
  return items;
}

std::vector<Value> Value::Members() const {
  std::vector<Value> members;
  std::map<std::string_view, int> first_lines;
  for (const auto& [key, place, value] : node_->members) {
    Value member(value, place, PathOf(path_, key), key, *reading_);
    const auto [first, is_new] = first_lines.emplace(key, place.line);
    if (is_new) {
      members.push_back(std::move(member));
    } else {
      member.KeyError("found the key " + Quoted(key) + " a second time, first on line " +
                      std::to_string(first->second) + "; allowed: once");
    }
  }
  return members;
}

std::optional<Value> Value::Find(std::string_view key) const {
  for (const auto& [name, place, value] : node_->members) {
    if (name != key) continue;
    return Value(value, place, PathOf(path_, name), name, *reading_);
  }
  return std::nullopt;
}

void Value::Expect(std::string_view allowed, const std::vector<std::string>& known) const {
  std::string message = "found " + Found() + ", allowed: " + std::string(allowed);
  if (IsScalar()) {
    const auto nearest = Nearest(node_->text, known);
    if (nearest) message += "; did you mean " + Quoted(*nearest) + "?";
  }
  Error(std::move(message));
}

void Value::ExpectWithoutRepeating(std::string_view allowed) const {
  const std::string found = IsScalar() ? "a text that is not repeated here" : Found();
  Error("found " + found + ", allowed: " + std::string(allowed));
}

void Value::KeyError(std::string message) const {
  reading_->report.Error(key_place_, path_, std::move(message));
}

void Value::Error(std::string message) const {
  reading_->report.Error(place_, path_, std::move(message));
}

void Value::Warning(std::string message) const {
  reading_->report.Warning(place_, path_, std::move(message));
}

std::string Value::Found() const {
  switch (node_->kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      break;
  }
  const Expanded expanded = Expand(node_->text, reading_->environment);
  std::string found = Quoted(node_->text);
  if (expanded.changed && expanded.faults.empty()) {
    found += " (which is " + Quoted(expanded.text) + ")";
  }
  return found;
}

}  // namespace postrider
