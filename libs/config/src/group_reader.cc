#include "group_reader.h"

#include <algorithm>
#include <vector>

#include "nearest.h"

namespace postrider {
namespace {

template <class S>
bool IsSupported(const std::string& key, const std::string& group, const Catalogue<S>& catalogue) {
  return std::any_of(catalogue.begin(), catalogue.end(), [&](const auto& setting) {
    return setting.supported && setting.Parent() == group && setting.Key() == key;
  });
}

// What was probably meant by an unknown key: a neighbour, or the same word elsewhere.
template <class S>
std::string Hint(const std::string& key, const std::string& group, const Catalogue<S>& catalogue) {
  std::vector<std::string> neighbours;
  for (const auto& setting : catalogue) {
    if (setting.Parent() == group) neighbours.push_back(setting.Key());
  }
  if (const auto nearest = Nearest(key, neighbours)) {
    const bool supported = IsSupported(*nearest, group, catalogue);
    return "; did you mean " + Quoted(*nearest) + (supported ? "?" : " (not supported yet)?");
  }
  const auto elsewhere = std::find_if(catalogue.begin(), catalogue.end(), [&](const auto& setting) {
    return setting.supported && setting.Key() == key;
  });
  return elsewhere == catalogue.end() ? "" : "; did you mean " + Quoted(elsewhere->path) + "?";
}

template <class S>
void RefuseUnknown(const Value& member, const std::string& group, const Catalogue<S>& catalogue) {
  std::vector<std::string> allowed;
  for (const auto& setting : catalogue) {
    if (setting.supported && setting.Parent() == group) allowed.push_back(setting.Key());
  }
  member.KeyError("found the unknown key " + Quoted(member.key()) + ", allowed: " + Join(allowed) +
                  Hint(member.key(), group, catalogue));
}

template <class S>
void ReadOne(const Value& value, const Setting<S>& setting, const Catalogue<S>& catalogue,
             S& target) {
  if (!setting.group) {
    if (setting.read) setting.read(value, target);
    return;
  }
  if (value.IsNull()) return;
  if (setting.read) {
    setting.read(value, target);
  } else if (!value.IsMap()) {
    return value.Expect(setting.allowed);
  }
  if (value.IsMap()) ReadGroup(value, setting.path, catalogue, target);
}

}  // namespace

template <class S>
void ReadGroup(const Value& map, const std::string& group, const Catalogue<S>& catalogue,
               S& target) {
  const auto members = map.Members();
  // In the order of the catalogue, because some settings build on those before them.
  for (const auto& setting : catalogue) {
    if (setting.Parent() != group) continue;
    const auto member = std::find_if(members.begin(), members.end(), [&](const Value& candidate) {
      return candidate.key() == setting.Key();
    });
    if (member != members.end()) ReadOne(*member, setting, catalogue, target);
  }
  for (const Value& member : members) {
    const bool known = std::any_of(catalogue.begin(), catalogue.end(), [&](const auto& setting) {
      return setting.Parent() == group && setting.Key() == member.key();
    });
    if (!known) RefuseUnknown(member, group, catalogue);
  }
}

template void ReadGroup(const Value&, const std::string&, const Catalogue<Settings>&, Settings&);
template void ReadGroup(const Value&, const std::string&, const Catalogue<DestinationSettings>&,
                        DestinationSettings&);
template void ReadGroup(const Value&, const std::string&, const Catalogue<BasicAuth>&, BasicAuth&);
template void ReadGroup(const Value&, const std::string&, const Catalogue<OAuth2Auth>&,
                        OAuth2Auth&);
template void ReadGroup(const Value&, const std::string&, const Catalogue<TokenAuth>&, TokenAuth&);

}  // namespace postrider
