#include "commands/consent.h"

#include <unistd.h>

#include <iostream>

namespace postrider {

Consent AskConsent(const ConsentOptions& options, const std::string& question, std::istream& in,
                   std::ostream& out, bool terminal) {
  if (options.dry_run) return Consent::kDryRun;
  if (options.yes) return Consent::kGiven;
  if (!terminal) return Consent::kNobodyThere;
  out << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(in, answer);
  const bool yes = answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes";
  return yes ? Consent::kGiven : Consent::kDeclined;
}

Consent AskConsent(const ConsentOptions& options, const std::string& question) {
  return AskConsent(options, question, std::cin, std::cerr, isatty(STDIN_FILENO) == 1);
}

}  // namespace postrider
