#include "commands/table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "commands/readable.h"

namespace postrider {
namespace {

constexpr std::size_t kShortWidth = 60;
constexpr std::size_t kGap = 2;

std::string RawText(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_array()) return value.dump();
  std::string joined;
  for (const Json& item : value) joined += (joined.empty() ? "" : ", ") + RawText(item);
  return joined.empty() ? "-" : joined;
}

std::string Padding(const std::string& text, std::size_t width) {
  const std::size_t used = DisplayWidth(text);
  return std::string(used < width ? width - used : 0, ' ');
}

using Line = std::vector<std::string>;

std::string Aligned(const Line& cells, const std::vector<Column>& columns,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding = Padding(cells[i], widths[i]);
    const bool right =
        columns[i].format == Format::kNumber || columns[i].format == Format::kDuration;
    if (i > 0) line += std::string(kGap, ' ');
    line += right ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string CellText(const Json& row, const Column& column) {
  const auto found = row.find(column.key);
  if (found == row.end() || found->is_null()) return "-";
  if (column.format == Format::kDuration && found->is_number()) {
    return DurationText(std::chrono::milliseconds(std::llround(found->get<double>() * 1000)));
  }
  const std::string text = RawText(*found);
  if (column.format == Format::kTime) return TimeText(text);
  const std::string printable = Printable(text);
  return column.format == Format::kShort ? Shortened(printable, kShortWidth) : printable;
}

std::string RenderTable(const Json& rows, const std::vector<Column>& columns) {
  std::vector<Line> lines(1);
  for (const Column& column : columns) lines[0].emplace_back(column.title);
  for (const Json& row : rows) {
    Line& line = lines.emplace_back();
    for (const Column& column : columns) line.push_back(CellText(row, column));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
    }
  }
  std::string text;
  for (const Line& line : lines) text += Aligned(line, columns, widths);
  return text;
}

std::string RenderFields(const Json& row, const std::vector<Column>& columns) {
  std::size_t width = 0;
  for (const Column& column : columns) width = std::max(width, DisplayWidth(column.title));
  std::string text;
  for (const Column& column : columns) {
    const auto found = row.find(column.key);
    if (found == row.end() || found->is_null()) continue;
    text += column.title + Padding(column.title, width + kGap) + CellText(row, column) + "\n";
  }
  return text;
}

}  // namespace postrider
