#pragma once

#include <iosfwd>
#include <string>

namespace postrider {

/// What the user has said beforehand about a change.
struct ConsentOptions {
  bool yes = false;      ///< no question
  bool dry_run = false;  ///< stop after the count
};

enum class Consent {
  kGiven,
  kDryRun,      ///< only the count was wanted
  kDeclined,    ///< the answer was no
  kNobodyThere  ///< no terminal to ask on, and no --yes
};

/// Asks `question` (such as `Replay 3 dead letters?`) unless the options answer it. Only an
/// explicit yes counts; the end of the input is a no.
/// @param terminal  whether `in` is a terminal with a person at it
Consent AskConsent(const ConsentOptions& options, const std::string& question, std::istream& in,
                   std::ostream& out, bool terminal);

/// The same on standard input and standard error.
Consent AskConsent(const ConsentOptions& options, const std::string& question);

}  // namespace postrider
