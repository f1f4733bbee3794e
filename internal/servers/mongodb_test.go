package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// openMongo returns a client of a MongoDB server that ends with t.
func openMongo(t *testing.T, s *Server, changes ...func(*options.ClientOptions)) *mongo.Client {
	t.Helper()
	o := mongoOptions(s.Access)
	for _, change := range changes {
		change(o)
	}
	client, err := mongo.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("disconnect: %v", err)
		}
	})
	return client
}

// newDatabase returns a database that is t's alone and ends with it.
func newDatabase(t *testing.T, client *mongo.Client) *mongo.Database {
	t.Helper()
	db := client.Database("test_" + strings.ToLower(rand.Text()))
	t.Cleanup(func() {
		if err := db.Drop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("drop: %v", err)
		}
	})
	return db
}

func isFerret(s *Server) bool { return strings.Contains(s.Version, "FerretDB") }

// mongoNumbers returns all values of _id, which are numbers.
func mongoNumbers(t *testing.T, c *mongo.Collection, filter any) []int {
	t.Helper()
	cursor, err := c.Find(t.Context(), filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		t.Fatalf("find %v: %v", filter, err)
	}
	var docs []struct {
		ID int `bson:"_id"`
	}
	if err := cursor.All(t.Context(), &docs); err != nil {
		t.Fatalf("find %v: %v", filter, err)
	}
	numbers := make([]int, 0, len(docs))
	for _, doc := range docs {
		numbers = append(numbers, doc.ID)
	}
	return numbers
}

func TestKillMongoDB(t *testing.T) {
	s := MongoDB(t)
	c := newDatabase(t, openMongo(t, s)).Collection("numbers")
	w := killAmidWrites(t, s, func(ctx context.Context, number int) error {
		_, err := c.InsertOne(ctx, bson.D{{Key: "_id", Value: number}})
		return err
	})
	w.check(t, mongoNumbers(t, c, bson.D{}))
}

func TestFreezeMongoDB(t *testing.T) {
	s := MongoDB(t)
	client := openMongo(t, s)
	freezeAndThaw(t, s, func(ctx context.Context) error { return client.Ping(ctx, readpref.Primary()) })
}

// TestMongoDBFailedWriteMayHaveLanded shows why the ids of documents are made
// by the client: what failed is written again, and must not be there twice.
func TestMongoDBFailedWriteMayHaveLanded(t *testing.T) {
	s := MongoDB(t)
	c := newDatabase(t, openMongo(t, s)).Collection("numbers")
	if _, err := c.InsertOne(t.Context(), bson.D{{Key: "_id", Value: -1}}); err != nil {
		t.Fatal(err)
	}
	const many = 1000
	docs := make([]any, 0, many)
	for i := range many {
		docs = append(docs, bson.D{{Key: "_id", Value: i}})
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := c.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	s.Thaw()
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("frozen: got %v, want %v", err, context.DeadlineExceeded)
	}
	// The request lies in the socket's buffer. Whether the server still takes
	// it, with the connection closed, is not ours to decide.
	landed := func() int {
		n, err := c.CountDocuments(t.Context(), bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: 0}}}})
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	within(t, 3*time.Second, func() bool { return landed() > 0 })
	t.Logf("%d of %d documents landed though the write failed", landed(), many)
	_, err = c.InsertMany(t.Context(), docs, options.InsertMany().SetOrdered(false))
	var bulk mongo.BulkWriteException
	if errors.As(err, &bulk) {
		for _, e := range bulk.WriteErrors {
			if e.Code != 11000 {
				t.Fatalf("written again: %v", e)
			}
		}
		t.Logf("written again: %d were there already", len(bulk.WriteErrors))
	} else if err != nil {
		t.Fatal(err)
	}
	if got := len(mongoNumbers(t, c, bson.D{})); got != many+1 {
		t.Errorf("after the write was repeated %d documents are there, want %d", got, many+1)
	}
}

// within waits until done, or for d, and reports which.
func within(t *testing.T, d time.Duration, done func() bool) bool {
	t.Helper()
	end := time.NewTimer(d)
	defer end.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end.C:
			return false
		}
	}
	return true
}

func TestMongoDBAsksForThePassword(t *testing.T) {
	s := MongoDB(t)
	if s.User == "" {
		t.Skipf("the server that %s names has no users", s.Engine.Variable)
	}
	f := func(name string, a Access) {
		t.Helper()
		if version, err := (mongoDB{}).answers(t.Context(), a); err == nil {
			t.Errorf("%s: got version %s, want an error", name, version)
		}
	}
	f("no user", Access{Addr: s.Addr})
	f("wrong password", Access{Addr: s.Addr, User: s.User, Password: s.Password + "x"})
	other := own(t, mongoDB{}) // whose data began as a copy of the same
	f("another server's password", Access{Addr: other.Addr, User: s.User, Password: s.Password})
	f("no such user", Access{Addr: s.Addr, User: "nobody", Password: s.Password})
}
