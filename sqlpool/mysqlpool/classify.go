package mysqlpool

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A connectError is one of making a connection: no statement was sent.
type connectError struct{ err error }

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// Classify tells what an error means, by its type and number.
func (e *Engine) Classify(err error) sqlpool.Class {
	var connecting *connectError
	if !errors.As(err, &connecting) {
		return classify(err)
	}
	class := classify(err)
	switch {
	case errors.Is(err, context.Canceled):
		return sqlpool.Other
	case errors.Is(err, fault.SQLDenied):
		return sqlpool.AccessDenied
	case class == sqlpool.Other && answered(err):
		return sqlpool.Other // a statement of OnConnect, say
	case class == sqlpool.Other, class == sqlpool.LostBefore, class == sqlpool.LostAfter:
		// Its time ran out, for instance: the server did not answer.
		return sqlpool.Unreachable
	}
	return class
}

// answered reports whether err is the server's.
func answered(err error) bool {
	var refusal *mysql.MySQLError
	return errors.As(err, &refusal)
}

// classify is Classify for a connection that stands.
func classify(err error) sqlpool.Class {
	var refusal *mysql.MySQLError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sqlpool.Other
	case errors.As(err, &refusal):
		return classOf(refusal)
	case errors.Is(err, driver.ErrBadConn):
		return sqlpool.LostBefore
	case errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, mysql.ErrMalformPkt), errors.Is(err, mysql.ErrPktSync),
		errors.Is(err, mysql.ErrPktSyncMul), errors.As(err, &network), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrShortWrite), errors.Is(err, net.ErrClosed):
		return sqlpool.LostAfter
	case errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrOldPassword),
		errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return sqlpool.AccessDenied
	case errors.Is(err, fault.SQLNotSupported):
		return sqlpool.NotSupported
	case errors.Is(err, fault.SQLSyntax):
		return sqlpool.Syntax
	}
	return sqlpool.Other
}

// classOf is the class of a server's error.
func classOf(e *mysql.MySQLError) sqlpool.Class {
	full := strings.Contains(e.Message, "No space left on device") ||
		strings.Contains(e.Message, "error 28 ") || strings.Contains(strings.ToLower(e.Message), "errcode: 28")
	switch e.Number {
	case 1290:
		// It names the option that stands against the statement, in no other way.
		if strings.Contains(strings.ReplaceAll(strings.ToLower(e.Message), "_", "-"), "read-only") {
			return sqlpool.ReadOnlyServer
		}
		return sqlpool.Other
	case 1226:
		// Of the limits of an account, those on statements are no matter of
		// connections.
		if strings.Contains(e.Message, "connections") {
			return sqlpool.TooManyConnections
		}
		return sqlpool.Other
	case 1047:
		// A node of Galera that is not part of a quorum says so to all but SHOW.
		if strings.Contains(e.Message, "WSREP") {
			return sqlpool.Unreachable
		}
		return sqlpool.NotSupported
	}
	if full {
		return sqlpool.DiskFull
	}
	return numbers[e.Number]
}

// numbers are the errors whose number alone tells what they are. Those of
// MariaDB begin at 1900 and 4000; above 3000 they are MySQL's.
var numbers = byNumber(map[sqlpool.Class][]uint16{
	sqlpool.UniqueViolation:     {1022, 1062, 1169, 1586, 1859},
	sqlpool.ForeignKeyViolation: {1216, 1217, 1451, 1452, 1761, 1762},
	sqlpool.ConstraintViolation: {
		1048, 1263, 1264, 1265, 1292, 1364, 1365, 1366, 1367, 1369, 1406, 1411, 1416, 1526, 1690, 1748, 3140, 3819, 4025, 4078,
	},
	sqlpool.Deadlock: {1213, 1614},
	// 1020 is MariaDB's, of its snapshot isolation; 3101 is of group replication.
	sqlpool.SerializationFailure: {1020, 3101},
	sqlpool.Syntax: {
		1052, 1055, 1056, 1064, 1065, 1066, 1110, 1111, 1136, 1140, 1149, 1210, 1222, 1241, 1242, 1247, 1248, 1318, 1582, 1583, 3065,
	},
	sqlpool.NoObject: {1051, 1054, 1072, 1091, 1109, 1146, 1176, 1193, 1305, 1356, 1360, 1539, 1932, 4089, 4091, 4162},
	sqlpool.AccessDenied: {
		1044, 1045, 1095, 1129, 1130, 1131, 1132, 1142, 1143, 1227, 1251, 1370, 1410, 1419, 1449, 1524, 1698, 1820, 1862,
		3118, 3159, 3530, 3955, 4151,
	},
	sqlpool.NoDatabase:         {1008, 1046, 1049},
	sqlpool.TooManyConnections: {1040, 1135, 1203},
	sqlpool.ReadOnlyServer:     {1792, 1836, 1874},
	sqlpool.Unreachable:        {1042, 1043, 3032},
	sqlpool.LostBefore:         {4031}, // the server closed it since it lay idle
	sqlpool.LostAfter:          {1053, 1077, 1078, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169},
	sqlpool.Timeout:            {1205, 1969, 3024, 3572},
	sqlpool.Interrupted:        {1317},
	sqlpool.DiskFull:           {1021, 1114},
	sqlpool.Damaged:            {126, 127, 1033, 1034, 1035, 1194, 1195, 1712, 1817, 1877},
	sqlpool.NotSupported:       {1031, 1112, 1115, 1178, 1235, 1273, 1286, 1289, 1295, 1845, 1846},
})

func byNumber(all map[sqlpool.Class][]uint16) map[uint16]sqlpool.Class {
	found := map[uint16]sqlpool.Class{}
	for class, numbers := range all {
		for _, number := range numbers {
			found[number] = class
		}
	}
	return found
}
