#pragma once

#include <optional>
#include <vector>

#include "postrider/engine/event_log.h"
#include "postrider/model/position.h"

namespace postrider {

/// A step of which a part has been read: what is left to do to come to `(high, target)`.
struct Step {
  Snapshot target;
  EventId high = 0;
  bool late = true;   ///< still reading the late part
  EventId after = 0;  ///< the last id read of the present part
};

/// The reader's place at the head of the log: pure arithmetic on positions, no I/O. See
/// docs/protocols.md, "Reading the log", for what each rule protects from.
class Tail {
 public:
  explicit Tail(const TailStart& start);

  /// Everything visible in the snapshot with `id <= high` has been handed out (apart from the late
  /// rows still to come while `reading_late`).
  const Position& position() const { return position_; }
  /// The id sequence as of the last poll: no mark may be made above it.
  EventId last_value() const { return last_value_; }
  /// Between two pages of late rows. Nobody joins then; who leaves, leaves with `unfinished()`.
  bool reading_late() const { return late_target_.has_value(); }
  std::optional<Step> unfinished() const;

  TailRequest NextRequest(int limit) const;

  /// Takes a page that was asked for with `request` and moves on. Returns the events that became
  /// known, in order. `request.from` may lie behind the tail (somebody joins): then it also returns
  /// what the tail has had already; see `HadAlready`.
  std::vector<EventRef> Absorb(const TailRequest& request, TailPage page);

  /// Whether the events of this position include that one.
  static bool HadAlready(const Position& position, const Event& event);

 private:
  std::vector<EventRef> AbsorbLatePage(TailPage page);
  std::vector<EventRef> FixLateSet(TailPage page);

  Position position_;
  EventId last_value_;
  std::optional<Snapshot> late_target_;
  EventId late_after_ = 0;
};

}  // namespace postrider
