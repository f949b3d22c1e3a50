# Real servers for a sandbox. Sourced by integration tests and the demo.
# All state is below $T; each server dies with the sandbox.

# start_postgres DIR PORT [ADDRESS]: a private cluster; user postgres, no password
# from ADDRESS/24 and loopback, database "network_policy". Speaks TLS if DIR.tls/
# holds server.crt and server.key. Prints nothing; returns when it answers.
start_postgres() {
    local dir=$1 port=$2 addr=${3:-127.0.0.1} pg
    pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    install -d -o postgres -g postgres -m 0700 "$dir" "$dir.sock" || return 1
    setpriv --reuid postgres --regid postgres --init-groups \
        "$pg/initdb" -D "$dir" -U postgres -A trust --no-sync -E UTF8 --locale=C >"$dir.initdb" 2>&1 || return 1
    cat >>"$dir/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1,$addr'
port = $port
unix_socket_directories = '$dir.sock'
fsync = off
max_connections = 200
CONF
    echo "host all all $addr/24 trust" >>"$dir/pg_hba.conf"
    postgres_up "$dir" || return 1
    psql -qh "$dir.sock" -p "$port" -U postgres -c 'CREATE DATABASE network_policy' >/dev/null
}

# postgres_up DIR / postgres_down DIR: start or stop a cluster made above.
postgres_up() {
    local pg
    pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    setpriv --reuid postgres --regid postgres --init-groups \
        "$pg/pg_ctl" -D "$1" -w -t 60 -l "$1/log" start >/dev/null
}

postgres_down() {
    local pg
    pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    setpriv --reuid postgres --regid postgres --init-groups \
        "$pg/pg_ctl" -D "$1" -w -m "${2:-fast}" stop >/dev/null
}

# start_etcd DIR ADDRESS PORT [extra etcd flags…]: pid in DIR.pid.
start_etcd() {
    local dir=$1 addr=$2 port=$3
    shift 3
    mkdir -p "$dir"
    etcd --data-dir "$dir" --name one --unsafe-no-fsync \
        --listen-client-urls "http://$addr:$port" --advertise-client-urls "http://$addr:$port" \
        --listen-peer-urls "http://127.0.0.1:$((port + 1))" \
        --initial-advertise-peer-urls "http://127.0.0.1:$((port + 1))" \
        --initial-cluster "one=http://127.0.0.1:$((port + 1))" "$@" >"$dir.log" 2>&1 &
    echo $! >"$dir.pid"
    wait_for 30 curl -sf "http://$addr:$port/health"
}

# stop_pid FILE: end the process a pid file names, and wait until it is gone.
stop_pid() {
    local pid
    pid=$(cat "$1") || return 1
    kill "$pid" 2>/dev/null
    wait_for 20 eval "! kill -0 $pid"
}
