#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node.h"
#include "postrider/config/load.h"
#include "report.h"

namespace postrider {

/// What reading one file needs and fills.
struct Reading {
  Report& report;
  const Environment& environment;
  std::vector<SecretUse>& secrets;
};

/// A value of the document together with where it stands, so that what is wrong with it can be
/// said exactly. Cheap to copy; must not outlive its Reading.
class Value {
 public:
  Value(NodeRef node, Place key_place, std::string path, std::string key, Reading& reading);

  /// The whole document.
  static Value Root(NodeRef node, Reading& reading);

  bool IsNull() const { return node_->kind == Node::Kind::kNull; }
  bool IsScalar() const { return node_->kind == Node::Kind::kScalar; }
  bool IsList() const { return node_->kind == Node::Kind::kList; }
  bool IsMap() const { return node_->kind == Node::Kind::kMap; }

  const std::string& path() const { return path_; }
  const std::string& key() const { return key_; }  ///< last part of the path, as written
  Reading& reading() const { return *reading_; }

  /// A scalar with its variables replaced. Otherwise, or when one is not set, reports it (`allowed`
  /// is what should stand here) and returns nullopt.
  std::optional<std::string> Text(std::string_view allowed) const;

  /// The scalar as written, variables not replaced.
  const std::string& RawText() const { return node_->text; }

  std::vector<Value> Items() const;
  /// The members of a map; a key that comes twice is reported and taken once.
  std::vector<Value> Members() const;
  /// The member with this key; reports nothing.
  std::optional<Value> Find(std::string_view key) const;

  /// Reports `found <this>, allowed: <allowed>`, followed by the nearest of the known words.
  void Expect(std::string_view allowed, const std::vector<std::string>& known = {}) const;
  /// The same for what may be a secret: what was found is described, not repeated.
  void ExpectWithoutRepeating(std::string_view allowed) const;
  void Error(std::string message) const;
  /// At the key instead of the value.
  void KeyError(std::string message) const;
  void Warning(std::string message) const;

  /// The position and path, for a finding that is made later.
  ConfigError Where() const { return reading_->report.At(place_, path_); }

 private:
  std::string Found() const;

  NodeRef node_;
  Place key_place_;  // of the item itself in a list
  Place place_;      // of the value; of the key where there is no value
  std::string path_;
  std::string key_;
  Reading* reading_;
};

/// A text in double quotes for a message: one line, at most 80 characters.
std::string Quoted(std::string_view text);

}  // namespace postrider
