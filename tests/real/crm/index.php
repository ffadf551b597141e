<?php
// The CRM's own pages: a login form with a token against forged posts, a session, a page behind it, and a form to save with.

session_set_cookie_params(['path' => '/', 'httponly' => true, 'secure' => !empty($_SERVER['HTTPS'])]);
session_start();
$_SESSION['token'] ??= bin2hex(random_bytes(16));
header('Content-Type: text/html; charset=utf-8');
if (isset($_GET['referrer_policy'])) {
    header("Referrer-Policy: {$_GET['referrer_policy']}");
}

function page(string $title, string $body): never
{
    die("<!doctype html><html lang=en><meta charset=utf-8><title>$title</title>$body");
}

function form(string $action, string $fields): string
{
    return "<form method=post action='index.php?action=$action'>"
        . "<input type=hidden name=__csrf_token value={$_SESSION['token']}>$fields<button id=send>Send</button></form>";
}

$action = $_GET['action'] ?? 'index';
$user = $_SESSION['user'] ?? null;
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    if (($_POST['__csrf_token'] ?? '') !== $_SESSION['token']) {
        http_response_code(403);
        page('CSRF check failed', '<p>The token is wrong.</p>');
    }
    if ($action === 'Authenticate' && $_POST['user_name'] === 'admin' && $_POST['user_password'] === 'secret') {
        $_SESSION['user'] = 'admin';
        setcookie('savelogin', '1', ['expires' => time() + 2592000, 'path' => '/', 'httponly' => true]);
        setcookie('savelogindata', 'YWRtaW4=', ['expires' => time() + 2592000, 'path' => '/', 'httponly' => true]);
        header('Location: index.php?action=index');
        exit;
    }
    if ($action === 'Save' && $user !== null) {
        // What the browser said of itself, so that the test can tell which case it made.
        $said = ['origin' => $_SERVER['HTTP_ORIGIN'] ?? 'absent', 'site' => $_SERVER['HTTP_SEC_FETCH_SITE'] ?? 'absent'];
        $subject = htmlspecialchars($_POST['subject'] ?? '');
        page('saved', "<p id=subject>$subject</p><p id=origin>{$said['origin']}</p><p id=site>{$said['site']}</p>");
    }
}
if ($user === null) {
    page('login', form('Authenticate', '<input name=user_name><input name=user_password type=password>'));
}
page('home', "<p id=user>logged in as $user</p>" . form('Save', '<input name=subject>'));
