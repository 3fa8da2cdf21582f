#include "request_headers.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace postrider {
namespace {

using namespace std::string_view_literals;

/// What libcurl would add by itself: a name with a colon and nothing else takes it away. `Expect`
/// is added to large bodies, `Content-Type` to any body.
constexpr std::array kRemoved{"Accept:"sv, "Expect:"sv, "Content-Type:"sv};

/// libcurl would frame the body by them, or wait for a permission.
constexpr std::array kFraming{"Content-Length"sv, "Transfer-Encoding"sv, "Expect"sv};

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && "!#$%&'*+-.^_`|~"sv.find(c) != std::string_view::npos);
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

std::optional<std::string> RequestHeaders::Assign(const HttpHeaders& headers) {
  text_.clear();
  starts_.clear();
  for (const std::string_view line : kRemoved) Add(line);
  for (const auto& [name, value] : headers) {
    if (!IsToken(name)) return "'" + name + "' is not a name of a header";
    if (value.find_first_of("\r\n\0"sv) != std::string::npos) {
      return "the value of header " + name + " has a line break or NUL in it";
    }
    for (const std::string_view framing : kFraming) {
      if (SameName(name, framing)) return "header " + name + " can not be set: it frames the body";
    }
    starts_.push_back(text_.size());
    // libcurl sends "Name;" as "Name:", and takes "Name:" for a removal.
    const bool empty = value.find_first_not_of(" \t") == std::string::npos;
    text_.append(name).append(empty ? ";" : ": ");
    if (!empty) text_.append(value);
    text_.push_back('\0');
  }
  nodes_.resize(starts_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].data = text_.data() + starts_[i];
    nodes_[i].next = i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr;
  }
  return std::nullopt;
}

void RequestHeaders::Add(std::string_view line) {
  starts_.push_back(text_.size());
  text_.append(line);
  text_.push_back('\0');
}

}  // namespace postrider
