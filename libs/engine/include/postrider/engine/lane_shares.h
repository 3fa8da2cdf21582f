#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace postrider {

/// Where a delivery in the memory of a lane has come from.
enum class Origin {
  kLog,
  kDue,      ///< the backlog: a time has come
  kRetry,    ///< the backlog: the time of a retry has come
  kPutBack,  ///< the backlog: a person put it back
  kBlocked,  ///< the backlog: its predecessor ended
};

/// What a lane holds in memory, by origin, and how much more of each may come, so that no origin
/// can take the place of another. See docs/decisions/0017-shares-of-a-lane.md.
class LaneShares {
 public:
  /// @param max_events, max_bytes  of the whole lane; what comes from the backlog has its own rows
  ///                               on top, and its part of the bytes
  LaneShares(std::int64_t max_events, std::int64_t max_bytes);

  void Add(Origin origin, std::size_t bytes);
  void Remove(Origin origin, std::size_t bytes);
  /// Rows of the backlog that were asked for, and that were answered.
  void Asked(Origin origin, std::int64_t rows) { Of(origin).asked += rows; }
  void Answered(Origin origin, std::int64_t rows) { Of(origin).asked -= rows; }
  /// No question is open any more.
  void ForgetAsked();

  std::int64_t room_events(Origin origin) const;
  std::int64_t room_bytes(Origin origin) const;
  std::int64_t bytes() const;
  /// Rows of a page from the backlog.
  int page(Origin origin) const;
  /// Whether a page may be asked for now. Few are open at a time: how large the bodies are is known
  /// only when they have come.
  /// @param spare  pages for which there has to be room beside it, if the share is larger than that
  bool HasRoomForPage(Origin origin, int spare = 0) const;

 private:
  struct Share {
    std::int64_t max_events = 0;
    std::int64_t max_bytes = 0;
    std::int64_t events = 0;
    std::int64_t bytes = 0;
    std::int64_t asked = 0;
  };
  Share& Of(Origin origin) { return shares_.at(static_cast<std::size_t>(origin)); }
  const Share& Of(Origin origin) const { return shares_.at(static_cast<std::size_t>(origin)); }

  std::array<Share, 5> shares_;
};

}  // namespace postrider
