#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace postrider {

/// One `T` for each value of a label that comes as text. At most kMaxValues different values; the
/// rest share the entry `other`, so that no mistake of a caller can let the metrics grow.
/// Thread-safe; references stay valid until the table goes.
template <typename T>
class LabelTable {
 public:
  static constexpr std::size_t kMaxValues = 48;

  T& For(std::string_view value) {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(value); found != entries_.end()) return *found->second;
    if (entries_.size() >= kMaxValues) value = "other";
    auto& entry = entries_[std::string(value)];
    if (!entry) entry = std::make_unique<T>();
    return *entry;
  }

  /// Calls `visit(label value, entry)`, sorted by value.
  template <typename Visit>
  void ForEach(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [value, entry] : entries_) visit(value, *entry);
  }


 private:
  mutable std::mutex mutex_;  // guards entries_
  std::map<std::string, std::unique_ptr<T>, std::less<>> entries_;
};

}  // namespace postrider
