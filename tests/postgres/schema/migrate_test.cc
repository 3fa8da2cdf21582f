#include <gtest/gtest.h>

#include "postrider/postgres/migrator.h"
#include "support/test_database.h"

namespace postrider::test {
namespace {

TEST(MigrateTest, InstallsAnEmptyDatabase) {
  EmptyDatabase database;
  Connection connection(database.Conninfo());
  Migrator migrator(connection);
  EXPECT_EQ(migrator.Check().installed, 0);
  const auto report = migrator.Migrate({});
  EXPECT_EQ(report.applied.front(), "0001_tables");
  EXPECT_EQ(report.installation.size(), 8u);
  EXPECT_TRUE(migrator.Check().current());
}

}  // namespace
}  // namespace postrider::test
