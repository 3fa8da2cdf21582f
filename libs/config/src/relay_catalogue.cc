#include <algorithm>
#include <chrono>
#include <string_view>

#include "addresses.h"
#include "catalogue.h"
#include "scalar_kinds.h"
#include "secret_kind.h"
#include "topics.h"

namespace postrider {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

using Row = Setting<Settings>;

TextKind InstallationKind() {
  return {[](std::string_view text) {
            return text.size() == 8 &&
                   text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == text.npos;
          },
          "eight of a-z and 0-9, as printed by `postrider migrate`", "^[a-z0-9]{8}$"};
}

TextKind RelayNameKind() {
  return {[](std::string_view text) {
            return !text.empty() && text.size() <= 100 &&
                   std::all_of(text.begin(), text.end(), [](unsigned char letter) {
                     return letter >= 0x20 && letter != 0x7F;
                   });
          },
          "1 to 100 bytes of text in one line", "^.{1,100}$"};
}

// The only schema that there is so far.
Row SchemaRow() {
  Row row;
  row.path = "database.schema";
  row.meaning = "The schema of the outbox. Other names are not supported yet.";
  row.allowed = "outbox";
  row.schema = R"({"anyOf": [{"const": "outbox"}, {"$ref": "#/$defs/variable"}]})";
  row.read = [](const Value& value, Settings&) {
    const auto text = value.Text("outbox");
    if (text && *text != "outbox")
      value.Error(Quoted(*text) + " is not supported yet, allowed: outbox");
  };
  row.show = [](const Settings& settings) { return settings.database.schema; };
  return row;
}

// A map whose members stand elsewhere.
Row Map(std::string path, std::string meaning) {
  Row row;
  row.path = std::move(path);
  row.meaning = std::move(meaning);
  row.allowed = "a map";
  return row;
}

void AddDatabase(Catalogue<Settings>& rows) {
  const auto database = &Settings::database;
  rows.push_back(Group<Settings>("database", "The database that holds the outbox."));
  rows.push_back(Leaf<Settings>(
      "database.url", DatabaseUrlKind{},
      "Where the database is. Of several hosts the read-write one is used; PG* variables apply.",
      database, &DatabaseSettings::url));
  rows.push_back(Leaf<Settings>("database.password", SecretKind{},
                                "The password, read again for every connection.", database,
                                &DatabaseSettings::password));
  rows.push_back(SchemaRow());
  rows.push_back(Leaf<Settings>("database.installation", InstallationKind(),
                                "Refuse any other database than the one with this installation.",
                                database, &DatabaseSettings::installation));
}

void AddRelay(Catalogue<Settings>& rows) {
  const auto relay = &Settings::relay;
  rows.push_back(Group<Settings>("relay", "This process."));
  rows.push_back(Leaf<Settings>("relay.name", RelayNameKind(),
                                "A label for this relay in tables, logs and pages.", relay,
                                &RelaySettings::name)
                     .Automatic("the host's name"));
  rows.push_back(Leaf<Settings>("relay.threads", IntegerKind{1, 256},
                                "Event-loop threads that send requests.", relay,
                                &RelaySettings::threads)
                     .Automatic("the number of cores"));
  rows.push_back(Leaf<Settings>(
      "relay.max_memory", SizeKind{1 << 20, std::uint64_t{1} << 40},
      "Bytes of events held in memory. Reading stops at the bound; a larger event is read alone.",
      relay, &RelaySettings::max_memory));
  rows.push_back(Group<Settings>("relay.poll", "How often new events are looked for."));
  rows.push_back(Leaf<Settings>("relay.poll.min", DurationKind{milliseconds(1), seconds(60)},
                                "The wait after a poll that found something.", relay,
                                &RelaySettings::poll, &PollSettings::min));
  rows.push_back(Leaf<Settings>(
      "relay.poll.max", DurationKind{milliseconds(1), seconds(60)},
      "The longest wait, reached step by step while nothing comes. At least poll.min.", relay,
      &RelaySettings::poll, &PollSettings::max));
  rows.push_back(Leaf<Settings>(
      "relay.lease", DurationKind{seconds(3), minutes(10)},
      "How long a relay may be silent before another one takes over its work. Whole seconds.",
      relay, &RelaySettings::lease));
  rows.push_back(
      Leaf<Settings>("relay.drain", DurationKind{milliseconds(0), minutes(10)},
                     "At SIGTERM, how long requests in flight may take to finish. Whole seconds.",
                     relay, &RelaySettings::drain));
}

void AddRetention(Catalogue<Settings>& rows) {
  const auto retention = &Settings::retention;
  const DurationKind kept{seconds(1), hours(24 * 3650)};
  rows.push_back(Group<Settings>("retention", "How long records are kept."));
  rows.push_back(Leaf<Settings>(
      "retention.delivered", DurationKind{seconds(1), hours(24 * 186)},
      "Events with all that became of them. At most 6 bucket periods of `migrate`. Whole seconds.",
      retention, &RetentionSettings::delivered));
  rows.push_back(Leaf<Settings>(
      "retention.dead", kept,
      "Dead letters, also those that nobody has decided on, and operations. Whole seconds.",
      retention, &RetentionSettings::dead));
  rows.push_back(Leaf<Settings>("retention.dedup", kept,
                                "How long a dedup_key stands for its first event. Whole seconds.",
                                retention, &RetentionSettings::dedup));
}

void AddLog(Catalogue<Settings>& rows) {
  rows.push_back(Group<Settings>("log", "The log, on standard error."));
  rows.push_back(Leaf<Settings>("log.level",
                                ChoiceKind<LogLevel>{{{"trace", LogLevel::kTrace},
                                                      {"debug", LogLevel::kDebug},
                                                      {"info", LogLevel::kInfo},
                                                      {"warning", LogLevel::kWarning},
                                                      {"error", LogLevel::kError}}},
                                "The least severe line that is written.", &Settings::log,
                                &LogSettings::level));
  rows.back().reloadable = false;
  rows.push_back(Leaf<Settings>(
      "log.format",
      ChoiceKind<LogFormat>{
          {{"auto", LogFormat::kAuto}, {"json", LogFormat::kJson}, {"text", LogFormat::kText}}},
      "One JSON object or one text for each line; auto: text on a terminal, else JSON.",
      &Settings::log, &LogSettings::format));
  rows.back().reloadable = false;
}

Catalogue<Settings> Build() {
  Catalogue<Settings> rows;
  AddDatabase(rows);
  AddRelay(rows);
  rows.push_back(Group<Settings>("metrics", "Health and metrics over HTTP."));
  rows.push_back(Leaf<Settings>("metrics.listen", ListenKind{},
                                "Where /healthz, /readyz and /metrics are served, without a token.",
                                &Settings::metrics));
  rows.back().reloadable = false;
  rows.push_back(NotYet<Settings>("admin", "The HTTP API and the pages."));
  AddRetention(rows);
  rows.push_back(Group<Settings>("unrouted", "Events that no destination takes."));
  rows.push_back(Leaf<Settings>("unrouted.after", DurationKind{seconds(1), hours(24 * 7)},
                                "How long an event may wait for a destination. Whole seconds.",
                                &Settings::unrouted, &UnroutedSettings::after));
  rows.push_back(
      Leaf<Settings>("unrouted.then", ChoiceKind<bool>{{{"dead", true}, {"ignore", false}}},
                     "What then becomes of it: a dead letter (reason no_route), or nothing.",
                     &Settings::unrouted, &UnroutedSettings::dead));
  rows.push_back(Leaf<Settings>("ignore_topics", TopicsKind{true},
                                "Topics that need no destination.", &Settings::ignore_topics));
  AddLog(rows);
  rows.push_back(Map("defaults", "Settings for all destinations; what a destination says wins."));
  rows.push_back(Map("destinations", "The destinations by name: [a-z][a-z0-9_-]{0,62}."));
  return rows;
}

}  // namespace

const Catalogue<Settings>& RelayCatalogue() {
  static const Catalogue<Settings> rows = Build();
  return rows;
}

}  // namespace postrider
