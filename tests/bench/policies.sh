# What the policies cost, measured without servers. Sourced by tests/bench/run.

measure_policies() {
  local results=$bench_directory/policies.csv
  build/release/tests/bench/policies_bench --benchmark_format=csv >"$results" 2>"$bench_directory/policies.log" ||
    { cat "$bench_directory/policies.log"; fail "policies_bench failed"; }
  nanoseconds() { awk -F, -v name="\"$1\"" '$1 == name { print $4 }' "$results"; }
  microseconds() { awk "BEGIN { printf \"%.2f\", $(nanoseconds "$1") / 1000 }"; }
  figure "all policies for one delivery, by status" "$(microseconds BM_AllPoliciesByStatus)" '<=' 1.5 us
  figure "the same with rules on a JSON answer" "$(microseconds BM_AllPoliciesWithRulesOnJson)" '<=' 1.5 us
  figure "a decision in a window of 10,000 / of 10" \
    "$(ratio "$(nanoseconds BM_RateDecision/10000)" "$(nanoseconds BM_RateDecision/10)")" '<=' 1.5
  figure "a lane held by its rate, 10,000 events / 10" \
    "$(ratio "$(nanoseconds BM_LaneHeldByItsRate/10000)" "$(nanoseconds BM_LaneHeldByItsRate/10)")" '<=' 1.5
}
