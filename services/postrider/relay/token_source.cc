#include "relay/token_source.h"

#include <utility>
#include <variant>

namespace postrider {

TokenHeader TokenSource::Header() {
  return {call_.header(), [this] {
            const std::lock_guard lock(mutex_);
            return value_;
          }};
}

bool TokenSource::Usable(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  return life_.Usable(now);
}

Timestamp TokenSource::NextChange(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  return life_.NextChange(now);
}

bool TokenSource::WantsFetch(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  return life_.WantsFetch(now);
}

bool TokenSource::TakeFetch(Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (!life_.WantsFetch(now)) return false;
  life_.Begin();
  return true;
}

std::string TokenSource::Finish(const HttpAnswer& answer, Timestamp began, Timestamp now) {
  auto result = call_.Read(answer, began);
  const std::lock_guard lock(mutex_);
  if (auto* const reason = std::get_if<std::string>(&result)) {
    life_.OnFailed(now);
    return std::move(*reason);
  }
  auto& token = std::get<IssuedToken>(result);
  value_ = std::move(token.header);
  life_.OnToken(token.ends_at, now);
  return "";
}

void TokenSource::Fail(Timestamp now) {
  const std::lock_guard lock(mutex_);
  life_.OnFailed(now);
}

void TokenSource::Reject(Timestamp sent_at, Timestamp now) {
  const std::lock_guard lock(mutex_);
  // A request that began before the present token came had another one.
  if (sent_at >= life_.fetched_at()) life_.OnRejected(life_.fetched_at(), now);
}

int TokenSource::failures() const {
  const std::lock_guard lock(mutex_);
  return life_.failures();
}

}  // namespace postrider
