#include "commands/adopt_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "commands/command_context.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/consent.h"

namespace postrider {
namespace {

struct AdoptArguments {
  CommonOptions common;
  bool resume = false;
  bool dead = false;
  bool fresh = false;
  std::string note;
  ConsentOptions consent;

  std::string Mode() const { return resume ? "resume" : dead ? "dead" : "new"; }
};

Json Adopt(CommandContext& context, const AdoptArguments& arguments, bool dry_run) {
  const std::string& configured = context.settings().database.installation;
  const std::string call = "SELECT * FROM outbox.adopt(" + context.Quote(arguments.Mode()) + ", " +
                           context.QuoteOrNull(configured) + ", " +
                           context.QuoteOrNull(arguments.note) +
                           (dry_run ? ", dry_run => true)" : ")");
  return (dry_run ? context.Query("adopt", call) : context.Change("adopt", call)).at(0);
}

std::string Deliveries(const Json& adoption) {
  const auto pending = adoption["pending"].get<std::int64_t>();
  return std::to_string(pending) + (pending == 1 ? " delivery" : " deliveries");
}

/// What was found, for a person to recognise the database by.
std::string Situation(const Json& adoption) {
  std::string text = "installation " + adoption["former_installation"].get<std::string>();
  if (adoption["moved"].get<bool>()) text += ", brought here from another server";
  if (adoption["rewound"].get<bool>()) {
    text += ", id sequence at " + adoption["sequence_from"].dump() + " though " +
            adoption["sequence_to"].dump() + " is known";
  }
  return text + ": " + Deliveries(adoption) + " not over";
}

std::string Question(const AdoptArguments& arguments, const Json& adoption) {
  if (arguments.resume) return "Go on and send what is not over?";
  return (arguments.dead ? "Make dead letters of " : "Discard ") + Deliveries(adoption) +
         " without sending?";
}

void Tell(const AdoptArguments& arguments, const Json& adoption) {
  const auto name = adoption["installation"].get<std::string>();
  std::cout << (arguments.resume ? "adopted: relays go on with "
                : arguments.dead ? "adopted: dead letters now, "
                                 : "adopted: discarded ")
            << Deliveries(adoption) << "\n"
            << "installation " << name << "\n";
  if (adoption["former_installation"] != name) {
    std::cout << "Idempotency keys begin with it from now on. Where database.installation is "
                 "configured it has to be this one.\n";
  }
}

int RunAdopt(const AdoptArguments& arguments) {
  CommandContext context(arguments.common, Purpose::kChange);
  const Json found = Adopt(context, arguments, true);
  if (!context.json()) std::cout << Situation(found) << "\n";
  const Consent consent = AskConsent(arguments.consent, Question(arguments, found));
  if (consent != Consent::kGiven) {
    if (context.json()) PrintJson(found);
    if (consent == Consent::kDryRun) return kExitDone;
    std::cerr << (consent == Consent::kNobodyThere
                      ? "nothing is changed: say --yes, there is nobody to ask\n"
                      : "nothing is changed\n");
    return kExitDeclined;
  }
  const Json adoption = Adopt(context, arguments, false);
  if (context.json()) {
    PrintJson(adoption);
  } else {
    Tell(arguments, adoption);
  }
  return kExitDone;
}

}  // namespace

void AddAdoptCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<AdoptArguments>();
  auto* command =
      AddCommand(app, "adopt", "Go on after a restore, clone or move.",
                 "postrider adopt --resume --note 'moved to the new server'", arguments->common);
  auto* mode = command->add_option_group("mode", "How to go on")->require_option(1);
  mode->add_flag("--resume", arguments->resume, "Go on from the records");
  mode->add_flag("--dead", arguments->dead, "Make dead letters of all that is pending");
  mode->add_flag("--new", arguments->fresh,
                 "Begin a new installation; nothing that is pending is sent");
  command->add_option("--note", arguments->note, "Why; kept in the operations");
  auto* dry_run = command->add_flag("--dry-run", arguments->consent.dry_run, "Only look");
  command->add_flag("--yes", arguments->consent.yes, "Do not ask")->excludes(dry_run);
  command->callback([arguments, &exit_code] { exit_code = RunAdopt(*arguments); });
}

}  // namespace postrider
