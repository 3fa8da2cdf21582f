#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "value.h"

namespace postrider {

/// What is known of one setting apart from its value.
struct SettingInfo {
  std::string path;     ///< within its scope, such as `http.pool.size`
  std::string meaning;  ///< for the reference and the schema
  std::string allowed;  ///< type and range in words
  std::string schema;   ///< JSON Schema of the value; of a group: of its short form, or empty
  /// How the value is found when none is given, where it is no constant (`number of cores`).
  std::string automatic;
  bool group = false;     ///< a map of settings
  bool supported = true;  ///< false: known, and refused
  bool reloadable = true;  ///< false: only a restart changes it

  /// The path without its last part; empty for a setting at the top.
  std::string Parent() const {
    return path.substr(0, path.find('.') == path.npos ? 0 : path.rfind('.'));
  }
  /// The last part of the path.
  std::string Key() const {
    return path.substr(path.find('.') == path.npos ? 0 : path.rfind('.') + 1);
  }
};

/// A row of the catalogue: what the reader, the schema, the reference and the effective
/// configuration are made from. `S` is the struct that holds the value.
template <class S>
struct Setting : SettingInfo {
  /// Takes the value over, or reports what is wrong. For a group: of its short form. May be empty.
  std::function<void(const Value&, S&)> read;
  /// The value as YAML in one line; nullopt when there is none to show. For a group: its short
  /// form, when that says all. May be empty.
  std::function<std::optional<std::string>(const S&)> show;

  Setting Automatic(std::string words) && {
    automatic = std::move(words);
    return std::move(*this);
  }
};

/// In the order in which settings are read and shown; a group stands before its members.
template <class S>
using Catalogue = std::vector<Setting<S>>;

/// A setting that has a value. `kind` reads and shows it; `members` lead from `S` to it.
template <class S, class Kind, class... Members>
Setting<S> Leaf(std::string path, Kind kind, std::string meaning, Members... members) {
  Setting<S> setting;
  setting.path = std::move(path);
  setting.meaning = std::move(meaning);
  setting.allowed = kind.Allowed();
  setting.schema = kind.Schema();
  setting.read = [kind, members...](const Value& value, S& target) {
    kind.Read(value, (target.*....*members));
  };
  setting.show = [kind, members...](const S& source) -> std::optional<std::string> {
    return kind.Show((source.*....*members));
  };
  return setting;
}

/// A setting of something that may be absent: `get` leads from `S` to the value, or to null.
template <class S, class Kind, class Get>
Setting<S> LeafOfOptional(std::string path, Kind kind, std::string meaning, Get get) {
  Setting<S> setting;
  setting.path = std::move(path);
  setting.meaning = std::move(meaning);
  setting.allowed = kind.Allowed();
  setting.schema = kind.Schema();
  setting.read = [kind, get](const Value& value, S& target) {
    if (auto* const out = get(target)) kind.Read(value, *out);
  };
  setting.show = [kind, get](const S& source) -> std::optional<std::string> {
    const auto* const shown = get(source);
    return shown ? kind.Show(*shown) : std::nullopt;
  };
  return setting;
}

template <class S>
Setting<S> Group(std::string path, std::string meaning) {
  Setting<S> setting;
  setting.path = std::move(path);
  setting.meaning = std::move(meaning);
  setting.allowed = "a map";
  setting.group = true;
  return setting;
}

/// A setting of the design that this version does not have yet.
template <class S>
Setting<S> NotYet(std::string path, std::string meaning) {
  Setting<S> setting;
  setting.path = std::move(path);
  setting.meaning = std::move(meaning);
  setting.supported = false;
  setting.read = [](const Value& value, S&) {
    value.KeyError(Quoted(value.key()) + " is not supported yet; leave it out");
  };
  return setting;
}

}  // namespace postrider
