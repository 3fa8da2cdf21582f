#pragma once

#include <memory>
#include <string>
#include <vector>

namespace postrider {

/// A position in the configuration file, from 1.
struct Place {
  int line = 0;
  int column = 0;
};

struct Node;
using NodeRef = std::shared_ptr<const Node>;

struct NodeMember {
  std::string key;
  Place place;  ///< of the key
  NodeRef value;
};

/// A value of the YAML document with its position. Aliases share nodes; merge keys (`<<`) are
/// already resolved. A map may hold the same key twice: that is for the reader to report.
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;    ///< of a scalar
  bool plain = false;  ///< a scalar without quotes
  std::vector<NodeRef> items;
  std::vector<NodeMember> members;
};

}  // namespace postrider
