#include "receiver/request.h"

#include <algorithm>
#include <charconv>

namespace postrider::receiver {
namespace {

constexpr std::size_t kLargestHead = 64 * 1024;
constexpr std::size_t kLargestBody = 1024 * 1024 * 1024;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// @param name  in lower case
bool Is(std::string_view header, std::string_view name) {
  return header.size() == name.size() && std::equal(header.begin(), header.end(), name.begin(),
                                                    [](char a, char b) { return Lower(a) == b; });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool TakeRequestLine(std::string_view line, Request& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  request.method = line.substr(0, first);
  request.path = line.substr(first + 1, last - first - 1);
  return line.substr(last + 1).substr(0, 7) == "HTTP/1.";
}

/// False when the header makes the request one that cannot be read.
bool TakeHeader(std::string_view line, Request& request, std::size_t& length) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trimmed(line.substr(colon + 1));
  if (Is(name, "postrider-event")) request.event = value;
  if (Is(name, "postrider-attempt")) request.attempt = value;
  if (Is(name, "idempotency-key")) request.key = value;
  if (Is(name, "transfer-encoding")) return false;
  if (!Is(name, "content-length")) return true;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  return error == std::errc{} && end == value.data() + value.size() && length <= kLargestBody;
}

}  // namespace

Parsed ParseRequest(std::string_view buffer, Request& request) {
  request = {};
  const auto head = buffer.find("\r\n\r\n");
  if (head == std::string_view::npos) {
    return buffer.size() > kLargestHead ? Parsed::kBad : Parsed::kIncomplete;
  }
  std::size_t length = 0;
  for (std::size_t begin = 0; begin < head;) {
    const auto end = std::min(buffer.find("\r\n", begin), head);
    const std::string_view line = buffer.substr(begin, end - begin);
    const bool fine =
        begin == 0 ? TakeRequestLine(line, request) : TakeHeader(line, request, length);
    if (!fine) return Parsed::kBad;
    begin = end + 2;
  }
  if (request.method.empty()) return Parsed::kBad;
  const std::size_t body = head + 4;
  if (buffer.size() - body < length) return Parsed::kIncomplete;
  request.body = buffer.substr(body, length);
  request.size = body + length;
  return Parsed::kComplete;
}

}  // namespace postrider::receiver
