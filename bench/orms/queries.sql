-- name: AddAccount :exec
INSERT INTO account (id, name, cash) VALUES ($1, $2, $3);

-- name: Account :one
SELECT id, name, cash FROM account WHERE id = $1;

-- name: Accounts :many
SELECT id, name, cash FROM account ORDER BY id;
