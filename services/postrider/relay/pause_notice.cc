#include "relay/pause_notice.h"

namespace postrider {
namespace {

constexpr char kUnwanted[] =
    "The partner says that it wants no more events: the destination has paused itself. Ask the "
    "partner. If it has another address, change the url, then 'postrider resume'; if it is right, "
    "take the destination out of the file.";

PauseNotice OfDeadLimit(const RateWindow& limit) {
  return {"dead_limit",
          "dead_limit: more than " + std::to_string(limit.count) + " dead letters in " +
              std::to_string(limit.length.count() / 1000) + " s",
          "dead_limit",
          "Too many dead letters: the destination has paused itself. Look at them, then resume "
          "it."};
}

}  // namespace

PauseNotice NoticeOf(const PauseCause& cause, const std::optional<RateWindow>& dead_limit) {
  const std::string status = std::to_string(cause.http_status);
  const std::string to_event = " to event " + std::to_string(cause.event);
  switch (cause.kind) {
    case PauseCause::Kind::kDeadLimit:
      break;
    case PauseCause::Kind::kGone:
      return {"gone", "gone: the partner answered " + status + to_event, "partner_gone", kUnwanted};
    case PauseCause::Kind::kDisable:
      return {"webhook-delivery",
              "webhook-delivery: the partner answered " + status + " with disable" + to_event,
              "partner_gone", kUnwanted};
  }
  return OfDeadLimit(dead_limit.value_or(RateWindow{}));
}

}  // namespace postrider
