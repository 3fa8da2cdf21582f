#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "postrider/model/settings.h"
#include "scalar_kinds.h"

namespace postrider {

/// `100/10m`: so many in a time.
struct RateKind {
  void Read(const Value& value, RateWindow& out) const;
  std::optional<std::string> Show(const RateWindow& rate) const { return RateText(rate); }
  std::string Allowed() const;
  std::string Schema() const { return SchemaReference("rate"); }
};

/// `[10/s, 100/min]`, one of each length. One alone needs no list; none is `false`.
struct RatesKind {
  void Read(const Value& value, std::vector<RateWindow>& out) const;
  std::optional<std::string> Show(const std::vector<RateWindow>& rates) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// What `Kind` reads, or `false` for none.
template <class Kind>
struct OrFalseKind {
  Kind kind;

  template <class T>
  void Read(const Value& value, std::optional<T>& out) const {
    if (value.IsScalar() && ParseBoolean(value.Text(Allowed()).value_or("")) == false) {
      out.reset();
      return;
    }
    T read{};
    kind.Read(value, read);
    out = read;
  }
  template <class T>
  std::optional<std::string> Show(const std::optional<T>& shown) const {
    return shown ? kind.Show(*shown) : "false";
  }
  std::string Allowed() const { return kind.Allowed() + ", or false"; }
  std::string Schema() const;
};

/// What stands for a group that may be switched off; with `kind.Schema()` in an `anyOf`.
std::string SchemaOrFalse(const std::string& schema);

template <class Kind>
std::string OrFalseKind<Kind>::Schema() const {
  return SchemaOrFalse(kind.Schema());
}

/// The calls that a breaker looks at: a number of them, or those of a duration.
struct CallWindowKind {
  void Read(const Value& value, std::variant<int, seconds>& out) const;
  std::optional<std::string> Show(const std::variant<int, seconds>& window) const;
  std::string Allowed() const;
  std::string Schema() const;
};

}  // namespace postrider
