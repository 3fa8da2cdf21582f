#include "answer_reader.h"

#include <charconv>

namespace postrider {
namespace {

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

void AnswerReader::Begin(std::size_t max_body) {
  max_body_ = max_body;
  header_bytes_ = 0;
  status_ = 0;
  headers_ended_ = false;
  headers_ = {};
  body_ = {};
  too_large_.clear();
}

bool AnswerReader::TakeHeaderLine(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    too_large_ = "its headers are larger than " + std::to_string(kMaxHeaderBytes) + " bytes";
    return false;
  }
  const bool interim = status_ < 200;
  if (line.starts_with("HTTP/") && (!headers_ended_ || interim)) {
    TakeStatusLine(line);
  } else if (Trim(line).empty()) {
    headers_ended_ = true;
  } else if (!headers_ended_) {
    if (headers_.size() == kMaxHeaders) {
      too_large_ = "it has more than " + std::to_string(kMaxHeaders) + " headers";
      return false;
    }
    TakeField(line);
  }
  return true;
}

void AnswerReader::TakeStatusLine(std::string_view line) {
  headers_.clear();
  headers_.reserve(12);
  headers_ended_ = false;
  status_ = 0;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view rest = Trim(line.substr(space));
  std::from_chars(rest.data(), rest.data() + rest.size(), status_);
}

void AnswerReader::TakeField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  headers_.emplace_back(LowerCase(Trim(line.substr(0, colon))), Trim(line.substr(colon + 1)));
}

bool AnswerReader::TakeBody(std::string_view piece) {
  if (piece.size() > max_body_ - body_.size()) {
    too_large_ = "its body is larger than " + std::to_string(max_body_) + " bytes";
    return false;
  }
  body_.append(piece);
  return true;
}

}  // namespace postrider
