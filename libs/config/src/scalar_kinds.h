#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nearest.h"
#include "quantities.h"
#include "value.h"
#include "yaml_text.h"

/// Kinds of values. Each has `Read` (takes a value over or reports what is wrong with it), `Show`
/// (YAML in one line, nullopt for nothing), `Allowed` (in words) and `Schema` (JSON).
namespace postrider {

/// `{"$ref": "#/$defs/<name>"}`.
std::string SchemaReference(std::string_view name);

struct IntegerKind {
  std::int64_t least;
  std::int64_t most;

  void Read(const Value& value, int& out) const;
  std::optional<std::string> Show(int number) const { return std::to_string(number); }
  std::string Allowed() const;
  std::string Schema() const;
};

/// A duration kept in `D` (milliseconds or seconds), of which it must be a multiple.
struct DurationKind {
  milliseconds least;
  milliseconds most;

  template <class D>
  void Read(const Value& value, D& out) const {
    const auto duration = Parse(value, std::chrono::duration_cast<milliseconds>(D(1)));
    if (duration) out = std::chrono::duration_cast<D>(*duration);
  }
  std::optional<std::string> Show(milliseconds duration) const {
    return DurationSettingText(duration);
  }
  std::string Allowed() const;
  std::string Schema() const { return SchemaReference("duration"); }

 private:
  std::optional<milliseconds> Parse(const Value& value, milliseconds unit) const;
};

struct SizeKind {
  std::uint64_t least;
  std::uint64_t most;

  void Read(const Value& value, std::size_t& out) const;
  std::optional<std::string> Show(std::size_t bytes) const { return SizeText(bytes); }
  std::string Allowed() const;
  std::string Schema() const { return SchemaReference("size"); }
};

struct DecimalKind {
  double least;
  double most;

  void Read(const Value& value, double& out) const;
  std::optional<std::string> Show(double number) const { return DecimalText(number); }
  std::string Allowed() const;
  std::string Schema() const;
};

/// `25%`, kept as 0.25.
struct PercentKind {
  double least = 0;  ///< in percent

  void Read(const Value& value, double& out) const;
  std::optional<std::string> Show(double share) const { return DecimalText(share * 100) + "%"; }
  std::string Allowed() const;
  std::string Schema() const { return SchemaReference("percentage"); }
};

struct BooleanKind {
  void Read(const Value& value, bool& out) const;
  std::optional<std::string> Show(bool on) const { return on ? "true" : "false"; }
  std::string Allowed() const { return "true or false (or yes, no, on, off)"; }
  std::string Schema() const { return SchemaReference("boolean"); }
};

/// The words of a choice and those of its words that are not supported yet.
struct ChoiceWords {
  std::vector<std::string> words;
  std::vector<std::string> not_yet;

  /// The place of the value in `words`; reports what is neither.
  std::optional<std::size_t> Read(const Value& value) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// One of several words, each of which stands for a value of `T`.
template <class T>
struct ChoiceKind {
  std::vector<std::pair<std::string, T>> choices;
  std::vector<std::string> not_yet{};

  void Read(const Value& value, T& out) const {
    const auto chosen = Words().Read(value);
    if (chosen) out = choices[*chosen].second;
  }
  std::optional<std::string> Show(const T& chosen) const {
    for (const auto& [word, meaning] : choices) {
      if (meaning == chosen) return word;
    }
    return std::nullopt;
  }
  std::string Allowed() const { return Words().Allowed(); }
  std::string Schema() const { return Words().Schema(); }

 private:
  ChoiceWords Words() const {
    ChoiceWords words;
    for (const auto& choice : choices) words.words.push_back(choice.first);
    words.not_yet = not_yet;
    return words;
  }
};

/// A text that a function looks at. An empty one is not shown.
struct TextKind {
  bool (*is_good)(std::string_view);
  std::string allowed;
  std::string pattern;  ///< of the schema, the same as `is_good` as far as a pattern can say

  void Read(const Value& value, std::string& out) const;
  std::optional<std::string> Show(const std::string& text) const;
  std::string Allowed() const { return allowed; }
  std::string Schema() const;
};

}  // namespace postrider
