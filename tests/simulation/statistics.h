#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace postrider::simulation {

/// Counts of what a run exercised, by name.
class Statistics {
 public:
  void Count(const std::string& name, std::int64_t n = 1) { counts_[name] += n; }
  std::int64_t operator[](const std::string& name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  }
  void Add(const Statistics& other) {
    for (const auto& [name, n] : other.counts_) counts_[name] += n;
  }
  const std::map<std::string, std::int64_t>& counts() const { return counts_; }

 private:
  std::map<std::string, std::int64_t> counts_;
};

}  // namespace postrider::simulation
