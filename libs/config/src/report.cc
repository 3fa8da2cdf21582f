#include "report.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace postrider {
namespace {

constexpr std::size_t kMostFindings = 1000;

}  // namespace

void Report::Error(Place place, std::string path, std::string message) {
  paths_.insert(path);
  ConfigError error = At(place, std::move(path));
  error.message = std::move(message);
  Add(errors_, std::move(error));
}

void Report::Warning(Place place, std::string path, std::string message) {
  ConfigError warning = At(place, std::move(path));
  warning.message = std::move(message);
  Add(warnings_, std::move(warning));
}

bool Report::HasErrorAt(const std::string& path) const {
  if (paths_.contains(path)) return true;
  const auto inside = [&](char separator) {
    const auto next = paths_.lower_bound(path + separator);
    return next != paths_.end() && next->starts_with(path + separator);
  };
  return inside('.') || inside('[');
}

ConfigError Report::At(Place place, std::string path) const {
  return {file_, place.line, place.column, std::move(path), {}};
}

std::vector<ConfigError> Report::Sorted(std::vector<ConfigError> findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return findings;
}

void Report::Add(std::vector<ConfigError>& findings, ConfigError finding) {
  if (findings.size() >= kMostFindings) return;
  if (std::find(findings.begin(), findings.end(), finding) != findings.end()) return;
  findings.push_back(std::move(finding));
}

}  // namespace postrider
