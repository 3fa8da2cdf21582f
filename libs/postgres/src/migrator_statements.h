#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider {

/// Cuts SQL text into statements at the semicolons outside of comments, quotes and dollar quotes.
/// Each keeps the comments before it and its semicolon; blank statements are left out. Knows what
/// the files in sql/ use: no E'' strings with \', no nested comments, no BEGIN ATOMIC.
std::vector<std::string> SplitStatements(std::string_view sql);

/// The start of a statement without the comments before it, for messages.
std::string Abbreviate(std::string_view statement);

}  // namespace postrider
