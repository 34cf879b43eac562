package engine

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql" // registers the driver "mysql"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go/wait"
)

// mariadbEnv and mysqlEnv name a server by a DSN of go-sql-driver/mysql, such
// as root:password@tcp(127.0.0.1:3306)/, of a user that may create databases.
const (
	mariadbEnv = "USHER_TEST_MARIADB"
	mysqlEnv   = "USHER_TEST_MYSQL"
)

// mariadbImage is the official image, as in conformance/images/engines.
const mariadbImage = "mariadb:11.4"

// MariaDB returns the DSN of an empty MariaDB database for the database/sql
// driver "mysql". No other test uses it until t ends; then it is dropped.
func MariaDB(t testing.TB) string {
	t.Helper()
	return on(t, mariadbEnv, mariadb).fresh(t)
}

// HasMySQL says that the environment names a MySQL server.
func HasMySQL() bool { return isSet(mysqlEnv) }

// MySQL is as MariaDB, on a MySQL server, which the environment must name.
func MySQL(t testing.TB) string {
	t.Helper()
	return on(t, mysqlEnv, mysqlNamed).fresh(t)
}

var (
	mariadb    = sync.OnceValues(func() (*databases, error) { return findMySQL(mariadbEnv, true) })
	mysqlNamed = sync.OnceValues(func() (*databases, error) { return findMySQL(mysqlEnv, false) })
)

// findMySQL finds the server that env names or, if it may, starts one.
func findMySQL(env string, may bool) (*databases, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout+2*time.Minute)
	defer cancel()
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // it logs each connection that a test cuts
	base, source := os.Getenv(env), env
	if base == "" && may {
		c, err := mariadbServer().start(ctx)
		if err != nil {
			return nil, err
		}
		base, source = mariadbDSN(c.addr), "container "+c.image
	}
	cfg, err := mysql.ParseDSN(base)
	if err != nil {
		return nil, fmt.Errorf("engine: %s is not a DSN of go-sql-driver/mysql", env)
	}
	s, err := found(ctx, "mysql", base, "SELECT VERSION()", source, func(version string) string {
		number, build, _ := strings.Cut(version, "-")
		if strings.Contains(build, "MariaDB") {
			return "MariaDB " + number
		}
		return "MySQL " + number
	})
	if err != nil {
		return nil, err
	}
	s.drop = "DROP DATABASE IF EXISTS "
	s.at = func(name string) string {
		at := cfg.Clone()
		at.DBName = name
		return at.FormatDSN()
	}
	return s, nil
}

// mariadbPassword is the password of root in containers.
const mariadbPassword = "usher"

func mariadbDSN(addr string) string { return "root:" + mariadbPassword + "@tcp(" + addr + ")/" }

// mariadbServer has a collation, a zone and a charset that a store must not
// rely upon.
func mariadbServer() server {
	const port = "3306/tcp"
	return server{
		engine:   "mariadb",
		official: mariadbImage,
		cmd: []string{"mariadbd", "--max-connections=300", "--default-time-zone=-03:30",
			"--character-set-server=latin1", "--collation-server=latin1_german1_ci"},
		env:  map[string]string{"MARIADB_ROOT_PASSWORD": mariadbPassword},
		port: port,
		ready: wait.ForSQL(port, "mysql", func(host string, port network.Port) string {
			return mariadbDSN(net.JoinHostPort(host, port.Port()))
		}),
	}
}
