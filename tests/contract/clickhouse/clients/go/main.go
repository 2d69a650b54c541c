// Connects, reads every table of the database, inserts a batch; then asks for what is wrong. Prints one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Counts the rows of a table by reading each.
func readAll(ctx context.Context, conn driver.Conn, table string) int {
	rows, err := conn.Query(ctx, "SELECT * FROM `"+table+"`")
	must(err)
	defer rows.Close()
	count := 0
	for rows.Next() {
		values := make([]any, len(rows.ColumnTypes()))
		for i, column := range rows.ColumnTypes() {
			values[i] = reflect.New(column.ScanType()).Interface()
		}
		must(rows.Scan(values...))
		count++
	}
	must(rows.Err())
	return count
}

func main() {
	address, database, user, password := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	compressions := map[string]clickhouse.CompressionMethod{
		"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4, "gzip": clickhouse.CompressionGZIP,
	}
	answer := map[string]any{}
	for name, method := range compressions {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		conn, err := clickhouse.Open(&clickhouse.Options{
			Protocol:    clickhouse.HTTP,
			Addr:        []string{address},
			Auth:        clickhouse.Auth{Database: database, Username: user, Password: password},
			Compression: &clickhouse.Compression{Method: method},
		})
		must(err)
		must(conn.Ping(ctx))

		batch, err := conn.PrepareBatch(ctx, "INSERT INTO sent (client, id, at, price, tags, maybe)")
		must(err)
		at := time.Date(2026, 1, 2, 3, 4, 5, 678000000, time.UTC)
		for id := range uint32(1000) {
			price := decimal.New(int64(id), -4)
			must(batch.Append("go "+name, id, at, price, []string{"a", "b"}, nil))
		}
		must(batch.Send())

		tables := map[string]int{}
		names, err := conn.Query(ctx, "SELECT name FROM system.tables WHERE database = currentDatabase()")
		must(err)
		for names.Next() {
			var table string
			must(names.Scan(&table))
			tables[table] = 0
		}
		must(names.Close())
		for table := range tables {
			tables[table] = readAll(ctx, conn, table)
		}

		var tokyo time.Time
		must(conn.QueryRow(ctx, "SELECT toDateTime('2026-01-01 00:00:00', 'Asia/Tokyo')").Scan(&tokyo))
		wrong := conn.QueryRow(ctx, "SELECT * FROM nowhere").Err()
		answer[name] = map[string]any{
			"tables": tables, "time": tokyo.Format(time.RFC3339), "zone": tokyo.Location().String(), "error": fmt.Sprint(wrong),
		}
		must(conn.Close())
		cancel()
	}
	must(json.NewEncoder(os.Stdout).Encode(answer))
}
