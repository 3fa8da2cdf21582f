#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "postrider/model/event.h"

namespace postrider {

/// `<installation>-<event id>-<recorded_at in microseconds, base 36>-<destination id>[-<run>]`:
/// at most 48 characters of [a-z0-9-], the same for every attempt, never given to another event.
/// @param installation  eight characters of [a-z0-9]
/// @param new_key_run   set after a replay with `--new-key`
std::string IdempotencyKey(std::string_view installation, const EventIdentity& event,
                           DestinationId destination, std::optional<int> new_key_run);

}  // namespace postrider
