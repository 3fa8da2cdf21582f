#pragma once

#include <cstddef>
#include <string>

#include "postrider/model/event.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// Bodies larger than this are not read with their page but alone, before they are sent.
inline constexpr std::size_t kInlineBody = 32 * 1024;

/// The select list of an event, for a table or row named `alias` with the columns of outbox.event;
/// `id_column` and `xid_column` are called otherwise in copies. Bodies above `inline_limit` bytes
/// come as null. `only_destination` is the expression for Event::only_destination.
std::string EventColumns(const std::string& alias, std::size_t inline_limit,
                         const std::string& only_destination, const std::string& id_column = "id",
                         const std::string& xid_column = "xid");
inline constexpr int kEventColumns = 17;

/// Reads an event from the columns of EventColumns, which begin at `column`.
std::shared_ptr<Event> ReadEvent(const Rows& rows, int row, int column);

/// Numbers of a result. Null reads as 0.
std::int64_t ReadInt(const Rows& rows, int row, int column);
std::optional<EventId> ReadOptionalInt(const Rows& rows, int row, int column);
std::optional<Timestamp> ReadOptionalTime(const Rows& rows, int row, int column);

}  // namespace postrider
