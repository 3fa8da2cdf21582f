#include "templates.h"

#include <algorithm>
#include <vector>

#include "nearest.h"
#include "value.h"

namespace postrider {
namespace {

constexpr std::string_view kVariables =
    "id, topic, key, attempt, idempotency_key, payload.<path>, headers.<name>";

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Whether every part of a path is there: `a.b`, not `a..b` or `a.`.
bool IsPath(std::string_view path) {
  return !path.empty() && !path.starts_with('.') && !path.ends_with('.') &&
         path.find("..") == path.npos && path.find_first_of("{} ") == path.npos;
}

std::optional<std::string> NameFault(std::string_view name) {
  static const std::vector<std::string> kPlain{"id", "topic", "key", "attempt", "idempotency_key"};
  if (std::find(kPlain.begin(), kPlain.end(), name) != kPlain.end()) return std::nullopt;
  for (const std::string_view prefix : {"payload.", "headers."}) {
    if (name.starts_with(prefix) && IsPath(name.substr(prefix.size()))) return std::nullopt;
  }
  std::string fault = "found the variable " + Quoted(name) +
                      " in the template, allowed: " + std::string(kVariables);
  const auto nearest = Nearest(name, kPlain);
  if (nearest) fault += "; did you mean " + Quoted(*nearest) + "?";
  return fault;
}

std::optional<std::string> TagFault(std::string_view content) {
  const std::string_view inside = Trim(content);
  if (!inside.empty() &&
      std::string_view("#^/>!=").find(inside.front()) != std::string_view::npos) {
    return "found the tag " + Quoted("{{" + std::string(content) + "}}") +
           ", sections, partials and comments are not supported yet; allowed: variables";
  }
  return NameFault(inside.starts_with('&') ? Trim(inside.substr(1)) : inside);
}

}  // namespace

ParsedTemplate ParseTemplate(std::string_view text) {
  ParsedTemplate parsed;
  while (!text.empty() && !parsed.fault) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    const std::string_view literal = text.substr(0, open);
    parsed.without_tags += literal;
    if (literal.find("}}") != literal.npos) parsed.fault = "found \"}}\" without \"{{\" before it";
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t braces = text.starts_with("{{{") ? 3 : 2;
    const std::string_view closing = std::string_view("}}}").substr(0, braces);
    const std::size_t close = text.find(closing, braces);
    if (close == text.npos) {
      parsed.fault = "found \"" + std::string(text.substr(0, braces)) + "\" without \"" +
                     std::string(closing) + "\" after it";
      break;
    }
    if (!parsed.fault) parsed.fault = TagFault(text.substr(braces, close - braces));
    parsed.without_tags += '0';
    text.remove_prefix(close + braces);
  }
  return parsed;
}

}  // namespace postrider
