#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "postrider/engine/backlog_store.h"

namespace postrider {

/// The part of a lane's backlog that falls due first, as ids in memory: bounded, whatever the size
/// of the backlog. What lies beyond the horizon is in the database alone and is read page by page.
class DueWindow {
 public:
  explicit DueWindow(std::size_t capacity) : capacity_(capacity) {}

  /// Nothing is known: the first page has to be read.
  void Reset();
  /// A row that is durable in the backlog.
  void Add(DueOrder row);
  /// Removes and returns up to `limit` ids that are due.
  std::vector<EventId> TakeDue(Timestamp now, std::size_t limit);
  /// When to look again; nullopt: nothing is known to fall due.
  std::optional<Timestamp> NextDue() const;

  /// Whether a page should be read now: then `BeginPage`, and `AddPage` with what came.
  bool WantsPage() const;
  /// The page's rows lie behind the order returned.
  DueOrder BeginPage();
  void AddPage(const std::vector<DueOrder>& rows, bool full);

  /// Everything in the database is known.
  bool complete() const { return !horizon_ && !reading_; }
  std::size_t size() const { return rows_.size(); }
  std::size_t capacity() const { return capacity_; }

 private:
  std::size_t capacity_;
  std::set<DueOrder> rows_;
  /// Everything in the database up to it is in memory; unset: everything is.
  std::optional<DueOrder> horizon_ = DueOrder{Timestamp::min(), 0};
  bool reading_ = false;
  std::set<DueOrder> taken_;  ///< while a page is being read, which may hold them
};

}  // namespace postrider
