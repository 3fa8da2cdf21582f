#include "migrator_statements.h"

#include <cctype>

namespace postrider {
namespace {

constexpr auto kEnd = std::string_view::npos;

/// The position after `close`, searched from `from`; the end of the text when there is none.
std::size_t After(std::string_view sql, std::string_view close, std::size_t from) {
  const auto at = sql.find(close, from);
  return at == kEnd ? sql.size() : at + close.size();
}

/// `$tag$` at `at`, or empty when the dollar there starts no quote (`$1`).
std::string_view DollarTag(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  while (end < sql.size() &&
         (std::isalpha(static_cast<unsigned char>(sql[end])) || sql[end] == '_'))
    ++end;
  if (end >= sql.size() || sql[end] != '$') return {};
  return sql.substr(at, end + 1 - at);
}

/// The position after the comment, quote or single character that starts at `at`.
std::size_t SkipToken(std::string_view sql, std::size_t at) {
  const std::string_view rest = sql.substr(at);
  if (rest.substr(0, 2) == "--") return After(sql, "\n", at);
  if (rest.substr(0, 2) == "/*") return After(sql, "*/", at + 2);
  if (rest[0] == '\'' || rest[0] == '"') return After(sql, rest.substr(0, 1), at + 1);
  if (rest[0] == '$') {
    if (const auto tag = DollarTag(sql, at); !tag.empty()) return After(sql, tag, at + tag.size());
  }
  return at + 1;
}

/// The position of the first thing that is neither blank nor comment.
std::size_t StartOfCode(std::string_view sql) {
  std::size_t at = 0;
  while (at < sql.size()) {
    if (std::isspace(static_cast<unsigned char>(sql[at])) != 0) {
      ++at;
    } else if (sql.substr(at, 2) == "--" || sql.substr(at, 2) == "/*") {
      at = SkipToken(sql, at);
    } else {
      break;
    }
  }
  return at;
}

std::string_view WithoutLeadingNewlines(std::string_view sql) {
  while (!sql.empty() && (sql[0] == '\n' || sql[0] == ' ')) sql.remove_prefix(1);
  return sql;
}

}  // namespace

std::vector<std::string> SplitStatements(std::string_view sql) {
  std::vector<std::string> statements;
  std::size_t start = 0;
  std::size_t at = 0;
  while (at < sql.size()) {
    const bool ends = sql[at] == ';';
    at = SkipToken(sql, at);
    if (!ends && at < sql.size()) continue;
    const auto statement = WithoutLeadingNewlines(sql.substr(start, at - start));
    if (StartOfCode(statement) < statement.size()) statements.emplace_back(statement);
    start = at;
  }
  return statements;
}

std::string Abbreviate(std::string_view statement) {
  constexpr std::size_t kLongest = 400;
  const auto code = statement.substr(StartOfCode(statement));
  if (code.size() <= kLongest) return std::string(code);
  return std::string(code.substr(0, kLongest)) + " ...";
}

}  // namespace postrider
