#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "simulation/in_memory_database.h"

namespace postrider::simulation {

/// Bodies above it do not come with their pages.
inline constexpr std::size_t kInlineBytes = 1000;

template <typename Map>
void InMemoryDatabase::Put(Map& map, const typename Map::key_type& key,
                           typename Map::mapped_type value) {
  const auto found = map.find(key);
  if (found == map.end()) {
    commits_.back().undo.push_back([&map, key] { map.erase(key); });
  } else {
    commits_.back().undo.push_back([&map, key, old = found->second] { map[key] = old; });
  }
  map[key] = std::move(value);
}

template <typename Map>
void InMemoryDatabase::Erase(Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  commits_.back().undo.push_back([&map, key, old = found->second] { map[key] = old; });
  map.erase(found);
}

}  // namespace postrider::simulation
