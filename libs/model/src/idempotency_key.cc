#include "postrider/model/idempotency_key.h"

#include <cstdint>

namespace postrider {
namespace {

std::string Base36(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36]);
    value /= 36;
  } while (value != 0);
  return digits;
}

}  // namespace

std::string IdempotencyKey(std::string_view installation, const EventIdentity& event,
                           DestinationId destination, std::optional<int> new_key_run) {
  std::string key(installation);
  key += '-';
  key += std::to_string(event.id);
  key += '-';
  key += Base36(static_cast<std::uint64_t>(event.recorded_at.time_since_epoch().count()));
  key += '-';
  key += std::to_string(destination);
  if (new_key_run) {
    key += '-';
    key += std::to_string(*new_key_run);
  }
  return key;
}

}  // namespace postrider
