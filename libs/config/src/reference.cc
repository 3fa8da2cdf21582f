#include <string>

#include "catalogue.h"
#include "postrider/config/schema.h"

namespace postrider {
namespace {

// A text for a cell of a table.
std::string Cell(const std::string& text) {
  std::string cell;
  for (const char letter : text) {
    if (letter == '|') cell += '\\';
    cell += letter;
  }
  return cell;
}

template <class S>
std::string DefaultOf(const Setting<S>& setting) {
  if (!setting.automatic.empty()) return setting.automatic;
  const auto value = setting.show ? setting.show(S{}) : std::nullopt;
  return value ? "`" + Cell(*value) + "`" : "none";
}

template <class S>
std::string Row(const Setting<S>& setting) {
  const bool shown = !setting.group;
  return "| `" + setting.path + "` | " + Cell(setting.meaning) + " | " + Cell(setting.allowed) +
         " | " + (shown ? DefaultOf(setting) : "") + " | " +
         (shown ? (setting.reloadable ? "yes" : "no") : "") + " |\n";
}

template <class S>
std::string Table(const Catalogue<S>& catalogue) {
  std::string table =
      "| setting | meaning | allowed | default | reloadable |\n|---|---|---|---|---|\n";
  for (const auto& setting : catalogue) {
    if (setting.supported) table += Row(setting);
  }
  return table;
}

template <class S>
std::string NotSupported(const Catalogue<S>& catalogue, const std::string& prefix) {
  std::string list;
  for (const auto& setting : catalogue) {
    if (!setting.supported) list += "- `" + prefix + setting.path + "`: " + setting.meaning + "\n";
  }
  return list;
}

template <class S>
void AddPaths(const Catalogue<S>& catalogue, const std::string& prefix, bool supported,
              std::vector<std::string>& paths) {
  for (const auto& setting : catalogue) {
    const bool has_value = !setting.group && setting.read;
    if (has_value && setting.supported == supported) paths.push_back(prefix + setting.path);
  }
}

}  // namespace

std::string SettingsReference() {
  return "### The relay\n\n" + Table(RelayCatalogue()) +
         "\n### Destinations\n\nBelow `destinations.NAME`, or below `defaults`.\n\n" +
         Table(DestinationCatalogue()) + "\n### Not supported yet\n\n" +
         NotSupported(RelayCatalogue(), "") +
         NotSupported(DestinationCatalogue(), "destinations.NAME.");
}

std::vector<std::string> SettingPaths(bool supported) {
  std::vector<std::string> paths;
  AddPaths(RelayCatalogue(), "", supported, paths);
  AddPaths(DestinationCatalogue(), "destinations.NAME.", supported, paths);
  return paths;
}

}  // namespace postrider
