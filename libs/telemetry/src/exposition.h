#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/client_metric.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>

#include "catalog.h"

namespace postrider {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

/// One scrape: series are added in any order, and written grouped by their family.
class Exposition {
 public:
  void Add(const catalog::Family& family, Labels labels, double value);
  void Add(const catalog::Family& family, Labels labels, const prometheus::Counter& counter);
  void Add(const catalog::Family& family, Labels labels, const prometheus::Histogram& histogram);

  /// The text format 0.0.4, families by name.
  std::string Text() const;

 private:
  void Add(const catalog::Family& family, Labels labels, prometheus::ClientMetric metric);
  prometheus::MetricFamily& Entry(const catalog::Family& family);

  std::map<std::string_view, prometheus::MetricFamily> families_;
};

}  // namespace postrider
