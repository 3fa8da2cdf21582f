#include "postrider/engine/due_window.h"

#include <algorithm>
#include <iterator>

namespace postrider {

void DueWindow::Reset() {
  rows_.clear();
  taken_.clear();
  horizon_ = DueOrder{Timestamp::min(), 0};
  reading_ = false;
}

void DueWindow::Add(DueOrder row) {
  // While a page is being read, nobody knows whether it will hold this row: it is kept.
  if (!reading_ && horizon_ && row > *horizon_) return;
  rows_.insert(row);
  if (!reading_ && rows_.size() > capacity_) {
    rows_.erase(std::prev(rows_.end()));
    horizon_ = *rows_.rbegin();
  }
}

std::vector<EventId> DueWindow::TakeDue(Timestamp now, std::size_t limit) {
  std::vector<EventId> due;
  while (due.size() < limit && !rows_.empty() && rows_.begin()->due_at <= now) {
    due.push_back(rows_.begin()->id);
    if (reading_) taken_.insert(*rows_.begin());
    rows_.erase(rows_.begin());
  }
  return due;
}

std::optional<Timestamp> DueWindow::NextDue() const {
  if (rows_.empty()) return std::nullopt;
  return rows_.begin()->due_at;
}

bool DueWindow::WantsPage() const { return horizon_ && !reading_ && rows_.size() <= capacity_ / 2; }

DueOrder DueWindow::BeginPage() {
  reading_ = true;
  return *horizon_;
}

void DueWindow::AddPage(const std::vector<DueOrder>& rows, bool full) {
  reading_ = false;
  std::set_difference(rows.begin(), rows.end(), taken_.begin(), taken_.end(),
                      std::inserter(rows_, rows_.end()));
  taken_.clear();
  if (full) {
    // Rows kept while the page was read lie beyond it perhaps: they are durable, a later page has
    // them. A row beyond the horizon would move it, at the next overflow, over rows never read.
    horizon_ = rows.back();
    rows_.erase(rows_.upper_bound(*horizon_), rows_.end());
  } else {
    horizon_.reset();
  }
}

}  // namespace postrider
