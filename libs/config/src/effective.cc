#include "postrider/config/effective.h"

#include <vector>

#include "catalogue.h"
#include "yaml_text.h"

namespace postrider {
namespace {

std::string Indent(int depth) { return std::string(static_cast<std::size_t>(depth) * 2, ' '); }

template <class S>
std::string RenderGroup(const Catalogue<S>& catalogue, const std::string& group, const S& source,
                        int depth);

// One line for a value, or several for a group; empty for what has nothing to show.
template <class S>
std::string RenderOne(const Catalogue<S>& catalogue, const Setting<S>& setting, const S& source,
                      int depth) {
  const std::string start = Indent(depth) + setting.Key() + ":";
  const auto value = setting.show ? setting.show(source) : std::nullopt;
  if (!setting.automatic.empty() && value == setting.show(S{})) {
    return Indent(depth) + "# " + setting.Key() + ": " + setting.automatic + "\n";
  }
  if (value) return start + " " + *value + "\n";
  if (!setting.group) return {};
  const std::string members = RenderGroup(catalogue, setting.path, source, depth + 1);
  return members.empty() ? members : start + "\n" + members;
}

template <class S>
std::string RenderGroup(const Catalogue<S>& catalogue, const std::string& group, const S& source,
                        int depth) {
  std::string text;
  for (const auto& setting : catalogue) {
    if (setting.supported && setting.Parent() == group) {
      text += RenderOne(catalogue, setting, source, depth);
    }
  }
  return text;
}

}  // namespace

std::string RenderEffective(const Settings& settings) {
  std::string text = RenderGroup(RelayCatalogue(), "", settings, 0);
  text += "destinations:";
  if (settings.destinations.empty()) return text + " {}\n";
  text += "\n";
  for (const auto& destination : settings.destinations) {
    text += "  " + YamlText(destination.name) + ":\n";
    text += RenderGroup(DestinationCatalogue(), "", destination, 2);
  }
  return text;
}

}  // namespace postrider
