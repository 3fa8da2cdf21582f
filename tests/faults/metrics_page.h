#pragma once

#include <string>
#include <vector>

namespace postrider::test {

/// A page of metrics in the text format of Prometheus.
class MetricsPage {
 public:
  explicit MetricsPage(std::string text) : text_(std::move(text)) {}

  /// The sum of all series of the metric that have these labels, such as `state="dead"`; -1 when
  /// there is none.
  double Sum(const std::string& name, const std::vector<std::string>& labels = {}) const;

 private:
  std::string text_;
};

}  // namespace postrider::test
