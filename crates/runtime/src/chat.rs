//! Decides how the chatbot's function is set up: what it reads, and which model it asks.

use crate::phrasing::Phraser;
use crate::shop::{EngineShop, Places, WrongEnvironment};
use crate::timer::Clock;
use engine::Engine;
use engine::spec::FunctionSpec;
use orders::shop::api::{self, Answer, Request};
use orders::shop::breaker::Position;
use orders::shop::chatbot::phrasing::Guarded;
use orders::shop::chatbot::settings::Settings;
use orders::shop::settings::WrongSetting;
use std::sync::{Arc, Weak};

/// A function that answers customers' questions.
pub(crate) struct Chat {
    shop: EngineShop,
    phrasing: Guarded<Phraser, Clock>,
    asks_model: bool,
}

impl Chat {
    /// Makes the chatbot that a function's environment asks for.
    pub(crate) fn new(engine: &Weak<Engine>, spec: &FunctionSpec) -> Result<Self, Vec<WrongEnvironment>> {
        let wrong = |variable: &str, problem: String| WrongEnvironment {
            function: spec.name.clone(),
            variable: variable.to_owned(),
            problem,
        };
        let places = Places::read_orders(engine, &spec.name, &spec.environment).map_err(|error| vec![error])?;
        let settings = Settings::parse(|name| spec.environment.get(name).map(String::as_str)).map_err(|settings| {
            let one = |one: &WrongSetting| wrong(one.name, format!("is {:?}; {}", one.value, one.allowed));
            settings.0.iter().map(one).collect::<Vec<_>>()
        })?;
        // Secrets stand where templates are not kept.
        let model = Phraser::new(settings.model.as_ref(), &|name| std::env::var(name).ok())
            .map_err(|(variable, problem)| vec![wrong(variable, problem)])?;
        Ok(Self {
            shop: EngineShop::for_customers(Arc::new(places)),
            phrasing: Guarded::new(model, Clock::new(), settings.timeout),
            asks_model: settings.model.is_some(),
        })
    }

    /// Answers a question.
    pub(crate) async fn answer(&self, request: &Request<'_>) -> Answer {
        api::converse(&self.shop, &self.phrasing, request).await
    }

    /// Whether its model is asked at present, if it has one.
    pub(crate) fn breaker(&self) -> Option<Position> {
        self.asks_model.then(|| self.phrasing.position())
    }
}
