#pragma once

#include <cstdint>
#include <string>

#include "commands/command_options.h"
#include "commands/consent.h"
#include "commands/dead_filter.h"

namespace postrider {

struct DeadChangeArguments {
  CommonOptions common;
  DeadFilter filter;
  ConsentOptions consent;
  bool all = false;      ///< every dead letter: has to be said
  bool new_key = false;  ///< replay only: the partner shall not take it for a repetition
  std::string note;
};

struct DeadAmendArguments {
  CommonOptions common;
  std::int64_t id = 0;
  std::string payload;
  std::string payload_file;  ///< `-`: standard input
  std::string body_file;     ///< for a body that is not JSON; `-`: standard input
  std::string content_type;  ///< of the body; empty: as it was
  std::string note;
};

/// `dead replay`: counts, asks, and sends again what the filter matches.
int RunDeadReplay(const DeadChangeArguments& arguments);

/// `dead discard`: counts, asks, and gives up what the filter matches.
int RunDeadDiscard(const DeadChangeArguments& arguments);

/// `dead amend`: replaces a letter by a new event with another payload or body.
int RunDeadAmend(const DeadAmendArguments& arguments);

}  // namespace postrider
