//! One of everything, to ask for by its id.

use super::Client;
use crate::browser::TestServer;
use base64::{Engine, engine::general_purpose::STANDARD};
use portico_core::{Actor, portals};
use portico_testing::{SPECIFICATION, a_developer, an_application, an_approved_registration};
use serde_json::json;

/// One of everything in a portal and in a product, and another portal and product.
pub struct World {
    pub portal: String,
    pub other_portal: String,
    other_product: String,
    ids: Vec<(&'static str, String)>,
}

impl World {
    pub async fn new(client: &Client<'_>, server: &TestServer) -> Self {
        let keys = json!({"name": "keys", "display_name": "k", "strategy_type": "key_auth", "configs": {"key-auth": {}}});
        let keys = client.post("/v2/application-auth-strategies", keys).await.id();
        let provider = json!({"name": "okta", "provider_type": "okta", "issuer": "https://okta.example.com", "dcr_config": {"dcr_token": "t"}});
        let provider = client.post("/v2/dcr-providers", provider).await.id();
        let portal = client.post("/v2/portals", json!({"name": "Here"})).await.id();
        let other_portal = client.post("/v2/portals", json!({"name": "There"})).await.id();
        let product = client.post("/v2/api-products", json!({"name": "Weather"})).await.id();
        let other_product = client.post("/v2/api-products", json!({"name": "Maps"})).await.id();
        let plane = client.post("/v2/control-planes", json!({"name": "Edge"})).await.id();
        let service = json!({"name": "weather", "url": "http://127.0.0.1:1"});
        let service = client.post(&format!("/v2/control-planes/{plane}/core-entities/services"), service).await.id();
        let one = format!("/v2/api-products/{product}");
        let destination = json!({"name": "siem", "endpoint": "https://siem.example.com", "log_format": "json"});
        let destination = client.post("/v2/audit-log-destinations", destination).await.id();
        let version = client.post(&format!("{one}/product-versions"), json!({"name": "v1"})).await.id();
        let specification = json!({"name": "api.yaml", "content": STANDARD.encode(SPECIFICATION)});
        let specification = client.post(&format!("{one}/product-versions/{version}/specifications"), specification).await.id();
        let document = json!({"slug": "start", "title": "Start", "status": "published"});
        let document = client.post(&format!("{one}/documents"), document).await.id();
        let base = format!("/v2/portals/{portal}");
        let publication = json!({"product_version_id": version, "publish_status": "published", "auth_strategy_ids": [keys],
            "application_registration_enabled": true, "auto_approve_registration": true, "deprecated": false});
        client.post(&format!("{base}/product-versions"), publication).await.is(201);
        let team = client.post(&format!("{base}/teams"), json!({"name": "Robots"})).await.id();
        let role =
            json!({"role_name": "API Viewer", "entity_id": product, "entity_type_name": "Services", "entity_region": "eu"});
        let role = client.post(&format!("{base}/teams/{team}/assigned-roles"), role).await.id();
        let identity = json!({"type": "oidc", "config": {"issuer_url": "https://id.example.com", "client_id": "portico"}});
        let identity = client.post(&format!("{base}/identity-providers"), identity).await.id();
        let found = portals::get(&server.core, Actor::System, portal.parse().unwrap()).await.unwrap();
        let ada = a_developer(&server.core, &found, "ada").await;
        let application = an_application(&server.core, ada, &found, "Robot", keys.parse().unwrap()).await;
        let registration = an_approved_registration(&server.core, ada, &found, application, version.parse().unwrap()).await;
        let ids = vec![
            ("/developers/{developerId}", ada.id().unwrap().to_string()),
            ("/applications/{applicationId}", application.to_string()),
            ("/registrations/{registrationId}", registration.to_string()),
            ("/product-versions/{productVersionId}", version.clone()),
            ("/teams/{teamId}", team),
            ("/assigned-roles/{roleId}", role),
            ("/identity-providers/{id}", identity),
            ("/application-auth-strategies/{authStrategyId}", keys),
            ("/dcr-providers/{dcrProviderId}", provider),
            ("/api-products/{apiProductId}", product.clone()),
            ("/api-products/{id}", product),
            ("/product-versions/{apiProductVersionId}", version.clone()),
            ("/product-versions/{id}", version),
            ("/specifications/{specificationId}", specification),
            ("/documents/{id}", document),
            ("/control-planes/{controlPlaneId}", plane),
            ("/services/{serviceId}", service),
            ("/audit-log-destinations/{auditLogDestinationId}", destination),
        ];
        Self { portal, other_portal, other_product, ids }
    }

    /// A path with the ids of what is there, in a portal.
    pub fn path(&self, template: &str, portal: &str) -> String {
        let mut path = template.replace("/portals/{portalId}", &format!("/portals/{portal}"));
        for (part, id) in &self.ids {
            path = path.replace(part, &format!("{}{id}", &part[..part.find('{').unwrap()]));
        }
        assert!(!path.contains('{'), "{path}");
        path
    }

    /// The same with another product than the one that everything is of.
    pub fn of_another_product(&self, template: &str) -> String {
        self.path(&template.replace("{apiProductId}", &self.other_product), &self.portal)
    }

    /// A path to what is not there.
    pub fn nowhere(&self, template: &str) -> String {
        let parts =
            template.split('/').map(|part| if part.starts_with('{') { "00000000-0000-4000-8000-000000000000" } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}
