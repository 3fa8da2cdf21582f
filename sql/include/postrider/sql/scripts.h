#pragma once

#include <string_view>
#include <vector>

namespace postrider::sql {

/// A numbered file of `sql/`. `text` holds placeholders in braces, see the head of the file.
struct Script {
  int version;
  std::string_view name;
  std::string_view text;
};

/// The numbered files in order. The last version is that of the schema.
const std::vector<Script>& Scripts();

/// sql/roles.sql, which runs at every migration.
std::string_view RolesScript();

}  // namespace postrider::sql
