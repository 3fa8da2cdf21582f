#include "postrider/model/snapshot.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace postrider {
namespace {

[[noreturn]] void Refuse(std::string_view text) {
  throw std::invalid_argument("not a snapshot: '" + std::string(text) + "'");
}

/// Takes a number and the separator behind it off the front of `rest`.
Xid TakeXid(std::string_view& rest, std::string_view whole) {
  Xid value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{}) Refuse(whole);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

void TakeSeparator(std::string_view& rest, char separator, std::string_view whole) {
  if (rest.empty() || rest.front() != separator) Refuse(whole);
  rest.remove_prefix(1);
}

}  // namespace

bool Snapshot::Finished(Xid xid) const {
  if (xid < xmin) return true;
  if (xid >= xmax) return false;
  return !std::binary_search(in_progress.begin(), in_progress.end(), xid);
}

std::string Snapshot::ToText() const {
  std::string text = std::to_string(xmin) + ':' + std::to_string(xmax) + ':';
  for (std::size_t i = 0; i < in_progress.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(in_progress[i]);
  }
  return text;
}

Snapshot Snapshot::FromText(std::string_view text) {
  std::string_view rest = text;
  Snapshot snapshot;
  snapshot.xmin = TakeXid(rest, text);
  TakeSeparator(rest, ':', text);
  snapshot.xmax = TakeXid(rest, text);
  TakeSeparator(rest, ':', text);
  while (!rest.empty()) {
    if (!snapshot.in_progress.empty()) TakeSeparator(rest, ',', text);
    const Xid xid = TakeXid(rest, text);
    if (!snapshot.in_progress.empty() && xid <= snapshot.in_progress.back()) Refuse(text);
    snapshot.in_progress.push_back(xid);
  }
  if (snapshot.xmax < snapshot.xmin) Refuse(text);
  return snapshot;
}

}  // namespace postrider
