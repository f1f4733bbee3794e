package servers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// An effect is something that FerretDB does otherwise than MongoDB, or that both
// do and RedFire relies upon. It is shown by what happens to documents: that a
// command succeeds says nothing.
type effect struct {
	name  string
	check func(e *effectTest)
	whose author
}

// An author is who does what an effect is about.
type author bool

const (
	both   author = false
	ferret author = true // alone; MongoDB does otherwise
)

var mongoEffects = []effect{
	{"an aborted transaction keeps its documents", abortKeeps, ferret},
	{"a change stream is refused", refusesChangeStream, ferret},
	{"a tailable cursor does not wait", refusesTailable, ferret},
	{"a capped collection is not capped", dropsCapped, ferret},
	{"a validator validates nothing", dropsValidator, ferret},
	{"a collation collates nothing", dropsCollation, ferret},
	{"a time-series collection is an ordinary one", dropsTimeSeries, ferret},
	{"Client.BulkWrite is refused", refusesClientBulkWrite, ferret},
	{"Collection.BulkWrite works", bulkWrites, both},
	{"unordered InsertMany goes on behind an error", insertsUnordered, both},
	{"a TTL index deletes, partially too, and can be changed", expires, both},
	{"a compound TTL index is refused", refusesCompoundTTL, both},
	{"one text index finds phrases, with a filter", findsText, both},
	{"a unique index refuses a second", keepsUnique, both},
	{"a partial unique index leaves the others alone", keepsPartialUnique, both},
	{"a sparse unique index takes documents without the field", keepsSparseUnique, both},
	{"a multikey index finds elements", findsElements, both},
	{"a wildcard index finds fields that nobody named", findsWildcard, both},
	{"a hint decides on the index", obeysHint, both},
	{"$facet", aggregatesFacet, both},
	{"$percentile", aggregatesPercentile, both},
	{"$dateTrunc", aggregatesDateTrunc, both},
	{"$setWindowFields", aggregatesWindow, both},
	{"a date has milliseconds", truncatesDates, both},
}

// An effectTest checks one effect on a collection of its own.
type effectTest struct {
	*testing.T
	client *mongo.Client
	db     *mongo.Database
	c      *mongo.Collection
}

func TestMongoDBEffects(t *testing.T) {
	s := MongoDB(t)
	client := openMongo(t, s)
	db := newDatabase(t, client)
	for n, e := range mongoEffects {
		if e.whose == ferret && !isFerret(s) {
			t.Logf("%s: not on %s", e.name, s.Version)
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			e.check(&effectTest{t, client, db, db.Collection(fmt.Sprintf("c%d", n))})
		})
	}
}

// d is a document of keys and values, in order.
func d(keysAndValues ...any) bson.D {
	doc := bson.D{}
	for pair := range slices.Chunk(keysAndValues, 2) {
		doc = append(doc, bson.E{Key: pair[0].(string), Value: pair[1]})
	}
	return doc
}

func (e *effectTest) insert(docs ...any) {
	e.Helper()
	if _, err := e.c.InsertMany(e.Context(), docs); err != nil {
		e.Fatalf("insert: %v", err)
	}
}

func (e *effectTest) create(o *options.CreateCollectionOptionsBuilder) {
	e.Helper()
	if err := e.db.CreateCollection(e.Context(), e.c.Name(), o); err != nil {
		e.Fatalf("create: got %v, want success", err)
	}
}

func (e *effectTest) index(keys bson.D, o *options.IndexOptionsBuilder) {
	e.Helper()
	if _, err := e.c.Indexes().CreateOne(e.Context(), mongo.IndexModel{Keys: keys, Options: o}); err != nil {
		e.Fatalf("create index %v: %v", keys, err)
	}
}

// wantIDs checks which documents a filter finds.
func (e *effectTest) wantIDs(filter bson.D, want ...int) {
	e.Helper()
	if got := mongoNumbers(e.T, e.c, filter); !slices.Equal(got, want) {
		e.Errorf("find %v: got %v, want %v", filter, got, want)
	}
}

// wantDuplicate checks that err says that a document is there already.
func (e *effectTest) wantDuplicate(err error) {
	e.Helper()
	if !mongo.IsDuplicateKeyError(err) {
		e.Errorf("got %v, want error 11000", err)
	}
}

// wantRefused checks that err is the server's own, with a code of codes.
func (e *effectTest) wantRefused(err error, codes ...int32) {
	e.Helper()
	var refused mongo.CommandError
	if !errors.As(err, &refused) || !slices.Contains(codes, refused.Code) {
		e.Errorf("got %v with code %d, want an error of the codes %v", err, refused.Code, codes)
		return
	}
	e.Logf("refused: %v", err)
}

// wantDocs checks which documents stages make. They are JSON with keys sorted:
// FerretDB has them in any order.
func (e *effectTest) wantDocs(want string, stages ...bson.D) {
	e.Helper()
	cursor, err := e.c.Aggregate(e.Context(), stages)
	if err != nil {
		e.Fatal(err)
	}
	var docs []bson.M
	if err := cursor.All(e.Context(), &docs); err != nil {
		e.Fatal(err)
	}
	relaxed, err := bson.MarshalExtJSON(bson.M{"docs": docs}, false, false)
	if err != nil {
		e.Fatal(err)
	}
	var any map[string]any
	if err := json.Unmarshal(relaxed, &any); err != nil {
		e.Fatal(err)
	}
	got, err := json.Marshal(any["docs"])
	if err != nil {
		e.Fatal(err)
	}
	if string(got) != want {
		e.Errorf("got %s, want %s", got, want)
	}
}

func abortKeeps(e *effectTest) {
	e.insert(d("_id", 0)) // a collection cannot be made within a transaction everywhere
	session, err := e.client.StartSession()
	if err != nil {
		e.Fatal(err)
	}
	defer session.EndSession(context.WithoutCancel(e.Context()))
	ctx := mongo.NewSessionContext(e.Context(), session)
	if err := session.StartTransaction(); err != nil {
		e.Fatal(err)
	}
	if _, err := e.c.InsertOne(ctx, d("_id", 1)); err != nil {
		e.Fatal(err)
	}
	e.wantIDs(d(), 0, 1) // from outside, before the end
	if err := session.AbortTransaction(ctx); err != nil {
		e.Errorf("abort: got %v, want success", err)
	}
	e.wantIDs(d(), 0, 1)
}

func refusesChangeStream(e *effectTest) {
	e.insert(d("_id", 0))
	stream, err := e.c.Watch(e.Context(), mongo.Pipeline{})
	if err == nil {
		e.Errorf("a change stream was opened; closing it: %v", stream.Close(e.Context()))
		return
	}
	e.wantRefused(err, 115)
}

func refusesTailable(e *effectTest) {
	e.create(options.CreateCollection().SetCapped(true).SetSizeInBytes(1 << 20))
	e.insert(d("_id", 0))
	cursor, err := e.c.Find(e.Context(), d(), options.Find().SetCursorType(options.TailableAwait).SetMaxAwaitTime(time.Second))
	if err != nil {
		e.Logf("refused: %v", err)
		return
	}
	for cursor.Next(e.Context()) {
		e.Logf("found %v", cursor.Current)
	}
	if cursor.Err() != nil || cursor.ID() != 0 {
		e.Errorf("the cursor is still open, with error %v; closing it: %v", cursor.Err(), cursor.Close(e.Context()))
	}
}

func dropsCapped(e *effectTest) {
	e.create(options.CreateCollection().SetCapped(true).SetSizeInBytes(4096).SetMaxDocuments(2))
	e.insert(d("_id", 0), d("_id", 1), d("_id", 2), d("_id", 3))
	e.wantIDs(d(), 0, 1, 2, 3)
}

func dropsValidator(e *effectTest) {
	e.create(options.CreateCollection().SetValidator(d("n", d("$type", "int"))))
	e.insert(d("_id", 0, "n", "no number"))
	e.wantIDs(d(), 0)
}

func dropsCollation(e *effectTest) {
	e.create(options.CreateCollection().SetCollation(&options.Collation{Locale: "en", Strength: 1}))
	e.insert(d("_id", 0, "s", "a"))
	e.wantIDs(d("s", "A"))
}

func dropsTimeSeries(e *effectTest) {
	e.create(options.CreateCollection().SetTimeSeriesOptions(options.TimeSeries().SetTimeField("at")))
	e.insert(d("_id", 0), d("_id", 1, "at", "no time"))
	e.wantIDs(d(), 0, 1)
}

func refusesClientBulkWrite(e *effectTest) {
	_, err := e.client.BulkWrite(e.Context(), []mongo.ClientBulkWrite{{
		Database: e.db.Name(), Collection: e.c.Name(), Model: mongo.NewClientInsertOneModel().SetDocument(d("_id", 0)),
	}})
	if err == nil {
		e.Error("got success, want an error")
	}
	e.Logf("refused: %v", err)
	e.wantIDs(d())
}

func bulkWrites(e *effectTest) {
	e.insert(d("_id", 0, "n", 0), d("_id", 1, "n", 1))
	result, err := e.c.BulkWrite(e.Context(), []mongo.WriteModel{
		mongo.NewInsertOneModel().SetDocument(d("_id", 2, "n", 2)),
		mongo.NewUpdateOneModel().SetFilter(d("_id", 0)).SetUpdate(d("$set", d("n", 10))),
		mongo.NewReplaceOneModel().SetFilter(d("_id", 3)).SetReplacement(d("n", 3)).SetUpsert(true),
		mongo.NewDeleteOneModel().SetFilter(d("_id", 1)),
	})
	if err != nil {
		e.Fatal(err)
	}
	if result.InsertedCount != 1 || result.ModifiedCount != 1 || result.UpsertedCount != 1 || result.DeletedCount != 1 {
		e.Errorf("got %+v, want one of each", result)
	}
	e.wantIDs(d(), 0, 2, 3)
	e.wantIDs(d("n", 10), 0)
}

func insertsUnordered(e *effectTest) {
	e.insert(d("_id", 1))
	_, err := e.c.InsertMany(e.Context(), []any{d("_id", 0), d("_id", 1), d("_id", 2)}, options.InsertMany().SetOrdered(false))
	e.wantDuplicate(err)
	var bulk mongo.BulkWriteException
	if errors.As(err, &bulk) && (len(bulk.WriteErrors) != 1 || bulk.WriteErrors[0].Index != 1) {
		e.Errorf("got errors %v, want that of the second document", bulk.WriteErrors)
	}
	e.wantIDs(d(), 0, 1, 2)
}

func expires(e *effectTest) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	e.insert(
		d("_id", 0, "at", past), d("_id", 1, "at", future), d("_id", 2), d("_id", 3, "at", past.Add(-24*time.Hour)),
		d("_id", 4, "partly", past, "go", true), d("_id", 5, "partly", past, "go", false))
	e.index(d("at", 1), options.Index().SetName("ttl").SetExpireAfterSeconds(12*60*60))
	e.index(d("partly", 1), options.Index().SetExpireAfterSeconds(0).SetPartialFilterExpression(d("go", true)))
	const limit = 90 * time.Second // a server that looks once a minute, and is slow
	gone := func(id int) func() bool {
		return func() bool { return len(mongoNumbers(e.T, e.c, d("_id", id))) == 0 }
	}
	began := time.Now()
	if !within(e.T, limit, gone(3)) || !within(e.T, limit, gone(4)) {
		e.Fatal("documents that have expired are still there")
	}
	e.Logf("deleted within %v", time.Since(began).Round(time.Second))
	e.wantIDs(d(), 0, 1, 2, 5)
	change := d("collMod", e.c.Name(), "index", d("name", "ttl", "expireAfterSeconds", 0))
	if err := e.db.RunCommand(e.Context(), change).Err(); err != nil {
		e.Fatal(err)
	}
	if !within(e.T, limit, gone(0)) {
		e.Error("a document that has expired by collMod is still there")
	}
	e.wantIDs(d(), 1, 2, 5)
}

func refusesCompoundTTL(e *effectTest) {
	_, err := e.c.Indexes().CreateOne(e.Context(), mongo.IndexModel{
		Keys: d("at", 1, "n", 1), Options: options.Index().SetExpireAfterSeconds(1),
	})
	e.wantRefused(err, 67)
}

func findsText(e *effectTest) {
	e.insert(
		d("_id", 0, "level", 1, "text", "order was rejected by the exchange"),
		d("_id", 1, "level", 2, "text", "order was rejected by the exchange"),
		d("_id", 2, "level", 2, "text", "the exchange rejected an order"))
	e.index(d("text", "text"), options.Index())
	e.wantIDs(d("$text", d("$search", `"order was rejected"`), "level", 2), 1)
	e.wantIDs(d("$text", d("$search", "rejected")), 0, 1, 2)
	_, err := e.c.Indexes().CreateOne(e.Context(), mongo.IndexModel{Keys: d("another", "text")})
	e.wantRefused(err, 67, 85, 17194)
	specs, err := e.c.Indexes().List(e.Context())
	if err != nil {
		e.Fatal(err)
	}
	var indexes []bson.M
	if err := specs.All(e.Context(), &indexes); err != nil {
		e.Fatal(err)
	}
	for _, index := range indexes {
		if version, isText := index["textIndexVersion"]; isText {
			if fmt.Sprint(version) != "2" {
				e.Errorf("the text index has version %v, want 2", version)
			}
			return
		}
	}
	e.Errorf("no text index in %v", indexes)
}

func keepsUnique(e *effectTest) {
	e.index(d("a", 1, "b", 1), options.Index().SetUnique(true))
	e.insert(d("_id", 0, "a", 1, "b", 1), d("_id", 1, "a", 1, "b", 2))
	_, err := e.c.InsertOne(e.Context(), d("_id", 2, "a", 1, "b", 2))
	e.wantDuplicate(err)
	e.wantIDs(d(), 0, 1)
}

func keepsPartialUnique(e *effectTest) {
	e.index(d("a", 1), options.Index().SetUnique(true).SetPartialFilterExpression(d("open", true)))
	e.insert(d("_id", 0, "a", 1, "open", true), d("_id", 1, "a", 1, "open", false), d("_id", 2, "a", 1))
	_, err := e.c.InsertOne(e.Context(), d("_id", 3, "a", 1, "open", true))
	e.wantDuplicate(err)
	e.wantIDs(d("a", 1), 0, 1, 2)
}

func keepsSparseUnique(e *effectTest) {
	e.index(d("a", 1), options.Index().SetUnique(true).SetSparse(true))
	e.insert(d("_id", 0), d("_id", 1), d("_id", 2, "a", 1))
	_, err := e.c.InsertOne(e.Context(), d("_id", 3, "a", 1))
	e.wantDuplicate(err)
	e.wantIDs(d(), 0, 1, 2)
}

func findsElements(e *effectTest) {
	e.index(d("tags", 1), options.Index().SetName("tags"))
	e.insert(d("_id", 0, "tags", bson.A{"a", "b"}), d("_id", 1, "tags", bson.A{"b"}), d("_id", 2, "tags", bson.A{}))
	e.wantIDs(d("tags", "b"), 0, 1)
	e.wantIDs(d("tags", d("$all", bson.A{"a", "b"})), 0)
	e.wantPlan(d("tags", "b"), "tags")
}

func findsWildcard(e *effectTest) {
	e.index(d("data.$**", 1), options.Index().SetName("wild"))
	e.insert(d("_id", 0, "data", d("k", 7)), d("_id", 1, "data", d("other", d("deep", 7))), d("_id", 2, "data", 7))
	e.wantIDs(d("data.k", 7), 0)
	e.wantIDs(d("data.other.deep", 7), 1)
	e.wantPlan(d("data.k", 7), "wild")
}

func obeysHint(e *effectTest) {
	e.insert(d("_id", 0, "a", 1, "b", 1), d("_id", 1, "a", 1, "b", 2))
	e.index(d("a", 1), options.Index().SetName("by_a"))
	e.index(d("b", 1), options.Index().SetName("by_b"))
	for _, name := range []string{"by_a", "by_b"} {
		e.wantPlan(d("a", 1, "b", 2), name)
	}
	cursor, err := e.c.Find(e.Context(), d("a", 1), options.Find().SetHint("nothing"))
	if err == nil {
		e.Errorf("a hint at no index was taken; closing: %v", cursor.Close(e.Context()))
	}
}

// wantPlan checks that a find with a hint uses the index of that name.
func (e *effectTest) wantPlan(filter bson.D, index string) {
	e.Helper()
	var plan bson.M
	command := d("explain", d("find", e.c.Name(), "filter", filter, "hint", index), "verbosity", "queryPlanner")
	if err := e.db.RunCommand(e.Context(), command).Decode(&plan); err != nil {
		e.Fatalf("explain: %v", err)
	}
	if !mentions(plan, index) {
		e.Errorf("the plan for %v does not use the index %s: %v", filter, index, plan)
	}
}

// mentions reports whether indexName within a plan is name.
func mentions(plan any, name string) bool {
	switch plan := plan.(type) {
	case bson.M:
		for key, value := range plan {
			if key == "indexName" && value == name || mentions(value, name) {
				return true
			}
		}
	case bson.D:
		for _, field := range plan {
			if field.Key == "indexName" && field.Value == name || mentions(field.Value, name) {
				return true
			}
		}
	case bson.A:
		return slices.ContainsFunc(plan, func(part any) bool { return mentions(part, name) })
	}
	return false
}

func aggregatesFacet(e *effectTest) {
	e.insert(d("_id", 0, "n", 1), d("_id", 1, "n", 2), d("_id", 2, "n", 3))
	e.wantDocs(`[{"many":[{"n":2}],"sum":[{"_id":null,"n":6}]}]`, d("$facet", d(
		"sum", bson.A{d("$group", d("_id", nil, "n", d("$sum", "$n")))},
		"many", bson.A{d("$match", d("n", d("$gt", 1))), d("$count", "n")})))
}

// aggregatesPercentile allows for one rank: of 0 to 100, FerretDB's is between
// two values, and MongoDB's is one of them.
func aggregatesPercentile(e *effectTest) {
	var docs []any
	for i := range 101 {
		docs = append(docs, d("_id", i, "n", i))
	}
	e.insert(docs...)
	near := func(percentile, want int) bson.D {
		p := d("$arrayElemAt", bson.A{"$p", percentile})
		return d("$lte", bson.A{d("$abs", d("$subtract", bson.A{p, want})), 1})
	}
	e.wantDocs(`[{"p50":true,"p95":true}]`,
		d("$group", d("_id", nil, "p", d("$percentile", d("input", "$n", "p", bson.A{0.5, 0.95}, "method", "approximate")))),
		d("$project", d("_id", 0, "p50", near(0, 50), "p95", near(1, 95))))
}

func aggregatesDateTrunc(e *effectTest) {
	e.insert(d("_id", 0, "at", time.Date(2024, 2, 29, 13, 47, 11, 0, time.UTC)))
	e.wantDocs(`[{"_id":0,"at":{"$date":"2024-02-29T13:00:00Z"}}]`,
		d("$project", d("at", d("$dateTrunc", d("date", "$at", "unit", "hour")))))
}

func aggregatesWindow(e *effectTest) {
	e.insert(d("_id", 0, "n", 1), d("_id", 1, "n", 2), d("_id", 2, "n", 4))
	sum := d("$sum", "$n", "window", d("documents", bson.A{"unbounded", "current"}))
	e.wantDocs(`[{"_id":0,"n":1,"sum":1},{"_id":1,"n":2,"sum":3},{"_id":2,"n":4,"sum":7}]`,
		d("$setWindowFields", d("sortBy", d("_id", 1), "output", d("sum", sum))), d("$sort", d("_id", 1)))
}

func truncatesDates(e *effectTest) {
	at := time.Unix(1_700_000_000, 123_456_789)
	e.insert(d("_id", 0, "at", at, "ns", at.UnixNano()))
	var doc struct {
		At time.Time
		NS int64
	}
	if err := e.c.FindOne(e.Context(), d("_id", 0)).Decode(&doc); err != nil {
		e.Fatal(err)
	}
	if !doc.At.Equal(at.Truncate(time.Millisecond)) || doc.NS != at.UnixNano() {
		e.Errorf("got %v and %d, want %v and %d", doc.At, doc.NS, at.Truncate(time.Millisecond), at.UnixNano())
	}
}

// TestMongoDBWriteConcernZeroShiftsReplies shows it on a client of its own, whose
// only connection nobody else gets.
func TestMongoDBWriteConcernZeroShiftsReplies(t *testing.T) {
	s := MongoDB(t)
	if !isFerret(s) {
		t.Skipf("this is %s", s.Version)
	}
	client := openMongo(t, s, func(o *options.ClientOptions) { o.SetMaxPoolSize(1) })
	const name = "shifts"
	db := newDatabase(t, openMongo(t, s))
	c := client.Database(db.Name()).Collection(name)
	for id := range 3 {
		if _, err := c.InsertOne(t.Context(), d("_id", id)); err != nil {
			t.Fatal(err)
		}
	}
	careless := client.Database(db.Name()).Collection(name, options.Collection().SetWriteConcern(writeconcern.Unacknowledged()))
	if _, err := careless.InsertOne(t.Context(), d("_id", 3)); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for id := range 3 {
		var doc struct {
			ID int `bson:"_id"`
		}
		err := c.FindOne(t.Context(), d("_id", id)).Decode(&doc)
		t.Logf("find %d: got %d, error %v", id, doc.ID, err)
		if err != nil || doc.ID != id {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("every query got its own document: the replies are not shifted on this version")
	}
}
