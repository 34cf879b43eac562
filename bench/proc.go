package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sys/unix"
)

// tick is the unit of times in /proc.
const tick = time.Second / 100

// process is what /proc tells of one.
type process struct {
	parent         int
	own, ofTheDead time.Duration // CPU: its own, and that of children that ended
}

func readProcess(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// The name is in parentheses and may hold anything.
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 15 {
		return process{}, fmt.Errorf("/proc/%d/stat is short", pid)
	}
	var n [15]int64
	for _, i := range []int{1, 11, 12, 13, 14} {
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return process{}, err
		}
	}
	return process{int(n[1]), time.Duration(n[11]+n[12]) * tick, time.Duration(n[13]+n[14]) * tick}, nil
}

// cpuOf returns the CPU time of a process, to the nanosecond, or what it is
// given where the kernel does not tell.
func cpuOf(pid int, ticks time.Duration) time.Duration {
	const scheduled = 2 // the clock of what the scheduler counts: see clock_getcpuclockid(3)
	var at unix.Timespec
	if unix.ClockGettime(int32(^pid)<<3|scheduled, &at) != nil {
		return ticks
	}
	return time.Duration(at.Nano())
}

// processes calls f for every process there is.
func processes(f func(pid int)) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			f(pid)
		}
	}
}

// postmaster returns the process that is the parent of a connection of db,
// whose database has that name, or 0 where the server is on another machine.
func postmaster(db *sql.DB, name string) (parent int, err error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.PingContext(context.Background()); err != nil {
		return 0, err
	}
	processes(func(pid int) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil || !bytes.HasPrefix(line, []byte("postgres: ")) || !bytes.Contains(line, []byte(" "+name+" ")) {
			return
		}
		if p, err := readProcess(pid); err == nil {
			parent = p.parent
		}
	})
	return parent, nil
}

// family returns the CPU time of a process and of its children.
func family(parent int) (total time.Duration) {
	if parent == 0 {
		return 0
	}
	processes(func(pid int) {
		p, err := readProcess(pid)
		switch {
		case err != nil:
		case pid == parent:
			total += cpuOf(pid, p.own) + p.ofTheDead
		case p.parent == parent:
			total += cpuOf(pid, p.own)
		}
	})
	return total
}

// redisCPU returns the CPU time of a Redis server.
func redisCPU(rdb *redis.Client) (total time.Duration, err error) {
	info, err := rdb.Info(context.Background(), "cpu").Result()
	if err != nil {
		return 0, err
	}
	for _, name := range []string{"used_cpu_sys:", "used_cpu_user:"} {
		_, value, _ := strings.Cut(info, "\n"+name)
		value, _, _ = strings.Cut(value, "\r")
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(seconds * float64(time.Second))
	}
	return total, nil
}

// ownCPU returns the CPU time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineCPU returns the time that all processes of the machine ran, and the
// time that the machine itself, where it is a virtual one, did not get.
func machineCPU() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(text)) // cpu user nice system ...
	const user, nice, system, stolen = 1, 2, 3, 8
	if len(f) <= stolen || f[0] != "cpu" {
		return 0, errors.New("/proc/stat is of another form")
	}
	var total int64
	for _, i := range []int{user, nice, system, stolen} {
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return time.Duration(total) * tick, nil
}

// memory returns a line of /proc/PID/status, VmRSS or VmHWM, in bytes.
func memory(pid int, line string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, value, _ := strings.Cut(string(text), "\n"+line+":")
	value, _, ok := strings.Cut(value, " kB")
	kb, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("/proc/%d/status has no %s", pid, line)
	}
	return kb << 10, nil
}

// resetPeak makes VmHWM what VmRSS is.
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
