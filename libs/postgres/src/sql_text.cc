#include "sql_text.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <stdexcept>

namespace postrider::sql_text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length of the valid UTF-8 sequence at the front, 0 when there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

void AppendHex(std::string& text, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
}

int TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) throw std::invalid_argument("short timestamp");
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') throw std::invalid_argument("not a timestamp");
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

void TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) throw std::invalid_argument("not a timestamp");
  text.remove_prefix(1);
}

}  // namespace

std::string Quote(std::string_view text) {
  // Without the E, a backslash means what the session's standard_conforming_strings says.
  std::string literal = text.find('\\') == std::string_view::npos ? "'" : " E'";
  literal.reserve(text.size() + 4);
  for (const char c : text) {
    if (c == '\0') continue;
    if (c == '\'' || c == '\\') literal += c;
    literal += c;
  }
  return literal + "'";
}

std::string QuoteBytes(std::string_view bytes) {
  std::string literal = " E'\\\\x";
  AppendHex(literal, bytes);
  return literal + "'::bytea";
}

std::string Quote(const Snapshot& snapshot) { return "'" + snapshot.ToText() + "'::pg_snapshot"; }

std::string Quote(Timestamp time) { return "'" + FormatTimestamp(time) + "'::timestamptz"; }

std::string QuoteXid(Xid xid) { return "'" + std::to_string(xid) + "'::xid8"; }

std::string CleanUtf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) {
      clean += kReplacement;
    } else if (text.front() != '\0') {
      clean += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

Timestamp ParseTimestamp(std::string_view text) {
  if (text == "infinity") return kNever;
  if (text == "-infinity") return Timestamp::min();
  // PostgreSQL's years reach farther than ours; there the only question is which side of now.
  if (text.ends_with(" BC")) return Timestamp::min();
  if (text.find('-') > 4) return kNever;
  using namespace std::chrono;
  const int y = TakeNumber(text, 4);
  TakeChar(text, '-');
  const int mon = TakeNumber(text, 2);
  TakeChar(text, '-');
  const int d = TakeNumber(text, 2);
  TakeChar(text, ' ');
  const int h = TakeNumber(text, 2);
  TakeChar(text, ':');
  const int min = TakeNumber(text, 2);
  TakeChar(text, ':');
  const int s = TakeNumber(text, 2);
  int micros = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (int scale = 100000; scale > 0 && !text.empty() && text.front() != '+'; scale /= 10) {
      micros += scale * TakeNumber(text, 1);
    }
  }
  if (text != "+00") throw std::invalid_argument("timestamp is not in UTC");
  const sys_days date = year{y} / month{static_cast<unsigned>(mon)} / day{static_cast<unsigned>(d)};
  return Timestamp(date) + hours{h} + minutes{min} + seconds{s} + microseconds{micros};
}

std::string FormatTimestamp(Timestamp time) {
  if (time == kNever) return "infinity";
  if (time == Timestamp::min()) return "-infinity";
  using namespace std::chrono;
  const auto date = floor<days>(time);
  const year_month_day ymd{date};
  const hh_mm_ss<microseconds> clock{time - date};
  char text[48];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%06d+00", static_cast<int>(ymd.year()),
      static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

void ArrayLiteral::Begin() {
  if (size_ > 0) text_ += ',';
  begin_ = text_.size();
}

void ArrayLiteral::End() {
  if (size_++ == 0) {
    first_end_ = text_.size();
  } else if (uniform_) {
    const std::string_view text = text_;
    uniform_ = text.substr(begin_) == text.substr(0, first_end_);
  }
}

template <typename Number>
void ArrayLiteral::AddNumber(Number value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  Begin();
  text_.append(digits.data(), end);
  End();
}

void ArrayLiteral::Add(std::int64_t value) { AddNumber(value); }

void ArrayLiteral::Add(std::uint64_t value) { AddNumber(value); }

void ArrayLiteral::Add(bool value) {
  Begin();
  text_ += value ? 't' : 'f';
  End();
}

void ArrayLiteral::Add(Timestamp value) {
  Begin();
  text_ += '"' + FormatTimestamp(value) + '"';
  End();
}

void ArrayLiteral::Add(const std::optional<Timestamp>& value) {
  if (value) {
    Add(*value);
  } else {
    AddNull();
  }
}

void ArrayLiteral::AddText(std::string_view text) {
  Begin();
  text_ += '"';
  for (const char c : CleanUtf8(text)) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
  End();
}

void ArrayLiteral::AddTextOrNull(std::string_view text) {
  if (text.empty()) {
    AddNull();
  } else {
    AddText(text);
  }
}

void ArrayLiteral::AddBytes(std::string_view bytes) {
  Begin();
  text_ += "\"\\\\x";
  AppendHex(text_, bytes);
  text_ += '"';
  End();
}

void ArrayLiteral::AddNull() {
  Begin();
  text_ += "NULL";
  End();
}

std::string ArrayLiteral::As(std::string_view type) const {
  return Quote("{" + text_ + "}") + "::" + std::string(type) + "[]";
}

std::string ArrayLiteral::First(std::string_view type) const {
  return "(" + Quote("{" + text_.substr(0, first_end_) + "}") + "::" + std::string(type) + "[])[1]";
}

std::string ReadSettings() {
  return "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; "
         "SET LOCAL timezone = 'UTC'; "
         "SET LOCAL datestyle = 'ISO'; ";
}

}  // namespace postrider::sql_text
