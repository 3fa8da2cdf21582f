#include "postrider/config/load.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <variant>

#include "catalogue.h"
#include "contradictions.h"
#include "delivery_kinds.h"
#include "group_reader.h"
#include "report.h"
#include "value.h"
#include "yaml_reader.h"

namespace postrider {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;

bool IsDestinationName(const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.size() <= 63 && kLetters.find(name.front()) != kLetters.npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == name.npos;
}

// The map under a key of the document; nothing when it is absent or empty, reported when it is
// something else.
std::optional<Value> MapUnder(const Value& document, std::string_view key) {
  auto value = document.Find(key);
  if (!value || value->IsNull()) return std::nullopt;
  if (value->IsMap()) return value;
  value->Expect("a map");
  return std::nullopt;
}

/// Without {{variables}} all events go to the same place, and 410 speaks of that.
bool HasOneUrl(const HttpSettings& http) {
  const auto varies = [](const std::string& url) { return url.find("{{") != url.npos; };
  return !varies(http.url) &&
         std::none_of(http.fallbacks.begin(), http.fallbacks.end(),
                      [&](const EndpointSettings& endpoint) { return varies(endpoint.url); });
}

DestinationSettings ReadDestination(const Value& value, const DestinationSettings& base,
                                    const std::optional<Value>& defaults, seconds kept) {
  DestinationSettings settings = base;
  settings.name = value.key();
  ReadGroup(value, "", DestinationCatalogue(), settings);
  const auto gives = [&](std::string_view group, std::string_view key) {
    const auto in = [&](const Value& scope) {
      const auto map = scope.Find(group);
      return map && map->Find(key);
    };
    return in(value) || (defaults && in(*defaults));
  };
  if (!gives("http", "connect_timeout")) {
    settings.http.connect_timeout = std::min(settings.http.connect_timeout, settings.http.timeout);
  }
  const int* const calls = settings.breaker ? std::get_if<int>(&settings.breaker->window) : nullptr;
  if (calls != nullptr && !gives("breaker", "minimum")) {
    settings.breaker->minimum = std::min(settings.breaker->minimum, *calls);
  }
  const bool is_dead = MeaningOf(410, settings.verdict.rules) == VerdictKind::kDead;
  if (!gives("verdict", "gone") && (!is_dead || !HasOneUrl(settings.http))) {
    settings.verdict.gone.clear();
  }
  CheckDestination(value, defaults, settings, kept);
  return settings;
}

void ReadDestinations(const Value& document, Settings& settings) {
  DestinationSettings base;
  const auto defaults = MapUnder(document, "defaults");
  if (defaults) ReadGroup(*defaults, "", DestinationCatalogue(), base);
  const auto destinations = MapUnder(document, "destinations");
  const auto members = destinations ? destinations->Members() : std::vector<Value>{};
  for (const Value& member : members) {
    if (!IsDestinationName(member.key())) {
      member.KeyError("found the name " + Quoted(member.key()) +
                      ", allowed: a-z first, then a-z, 0-9, _ and -, at most 63 in all");
    }
    if (!member.IsMap() && !member.IsNull()) {
      member.Expect("a map of settings");
    } else {
      settings.destinations.push_back(
          ReadDestination(member, base, defaults, settings.retention.delivered));
    }
  }
  if (members.empty()) {
    document.Warning("found no destinations: nothing will be sent");
  }
}

void ReadDocument(const Value& document, Settings& settings) {
  if (document.IsMap()) {
    ReadGroup(document, "", RelayCatalogue(), settings);
    CheckRelay(document, settings);
  } else if (!document.IsNull()) {
    return document.Expect("a map of settings");
  }
  ReadDestinations(document, settings);
}

LoadedConfig Unreadable(const std::string& path, std::string why) {
  LoadedConfig config;
  config.errors.push_back({path, 0, 0, "", "can not be read: " + std::move(why)});
  return config;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

LoadedConfig LoadConfigFile(const std::string& path, const Environment& environment) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return Unreadable(path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return Unreadable(path, "it is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) return Unreadable(path, std::strerror(errno));
  std::string text(kLargestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Unreadable(path, "reading fails");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return LoadConfigText(text, path, environment);
}

LoadedConfig LoadConfigText(std::string_view text, const std::string& name,
                            const Environment& environment) {
  if (text.size() > kLargestFile) return Unreadable(name, "it is larger than 1MB");
  Report report(name);
  LoadedConfig config;
  Reading reading{report, environment, config.secrets};
  const NodeRef root = ReadYaml(text, report);
  if (root) ReadDocument(Value::Root(root, reading), config.settings);
  config.errors = report.Errors();
  config.warnings = report.Warnings();
  return config;
}

std::string FormatErrors(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const auto& error : errors) {
    text += error.file + ":";
    if (error.line > 0) {
      text += std::to_string(error.line) + ":" + std::to_string(error.column) + ":";
    }
    if (!error.path.empty()) text += " " + error.path + ":";
    text += " " + error.message + "\n";
  }
  return text;
}

}  // namespace postrider
