<?php
// Where an identity provider's page posts its assertion to: a form from another origin, which must arrive.

header('Content-Type: text/html; charset=utf-8');
$assertion = htmlspecialchars($_POST['SAMLResponse'] ?? 'none');
$origin = htmlspecialchars($_SERVER['HTTP_ORIGIN'] ?? 'absent');
echo "<!doctype html><title>signed on</title><p id=assertion>$assertion</p><p id=origin>$origin</p>";
